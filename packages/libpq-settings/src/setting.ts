import type { Keyword } from './keywords.ts'

/** A value with the place that it was written at, for messages: `PGSSLMODE`, `~/.pg_service.conf, line 3`. */
export interface Setting {
  readonly value: string
  readonly from: string
}

/** What was said by anybody; what nobody said is absent. */
export type Settings = ReadonlyMap<Keyword, Setting>
