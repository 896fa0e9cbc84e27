import type { Keyword } from './keywords.ts'

/** A value and where it was set, for messages: `PGSSLMODE`, `~/.pg_service.conf, line 3`. */
export interface Setting {
  readonly value: string
  readonly from: string
}

/** All settings that are set; others are absent. */
export type Settings = ReadonlyMap<Keyword, Setting>
