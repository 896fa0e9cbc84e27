import type { Config } from '@dwh/config'
import type { Source } from '@dwh/core'
import type { OpenedStorage } from '../adapters/adapter.ts'
import { type NoSource, sourceAdapter } from '../adapters/sources.ts'
import type { FullEnvironment } from '../environment.ts'
import { checkLocal } from './check-local.ts'
import { checkQueries, type QueryCheckOptions } from './check-queries.ts'
import { AFTER_CONNECTION, checkSource, type ExaminedSource } from './check-source.ts'
import { checkReading, checkStorage } from './check-storage.ts'
import { checkWarehouse } from './check-warehouse.ts'
import { type Finding, type Limits, skip } from './finding.ts'

export interface ExamineOptions {
  readonly config: Config
  readonly environment: FullEnvironment
  readonly opened: OpenedStorage
  readonly sources: Readonly<Record<string, Source>>
  /** Whether `sources.default` is the source that the settings name. */
  readonly ofSettings: boolean
  /** Notes of the source that the settings name, collected when it is opened. */
  readonly notes: readonly string[]
  /** Why there is no source; null if there is one. Then only what queries need is checked. */
  readonly noSource: NoSource | null
  readonly openSession: QueryCheckOptions['openSession']
}

/** Runs every check except that of the settings, in order. */
export async function* examine(options: ExamineOptions, limits: Limits): AsyncGenerator<Finding> {
  const { config, environment, opened, noSource, openSession } = options
  if (noSource !== null) yield* withoutSource(noSource)
  const examined = yield* examineSources(options, limits)
  yield* checkLocal(config, Math.max(0, ...Object.values(examined).map(({ largestTableBytes }) => largestTableBytes)))
  const reachable = noSource === null ? yield* checkStorage(opened, limits) : yield* checkReading(opened, limits)
  const { store } = opened
  if (reachable) {
    const info = examined.default?.info ?? null
    yield* checkWarehouse(store, { info, noSource: noSource !== null, now: environment.clock() }, limits)
  } else {
    yield* skip('storage.list', 'warehouse', 'warehouse.source', 'warehouse.last_run')
  }
  yield* checkQueries({ config, store, openSession, reachable }, limits)
}

/** The checks of a machine that only queries. */
function* withoutSource({ found, fix }: NoSource): Generator<Finding> {
  yield {
    id: 'source.connection',
    status: 'skipped',
    found: `${found}: only what queries need is checked`,
    fix: `To check a run as well: ${fix}`,
    paste: null,
  }
  yield* skip('source.connection', 'source.server', 'source.rights', 'source.sessions', ...AFTER_CONNECTION)
}

/** Checks every source; returns the facts about each reachable source, by name. */
async function* examineSources(
  { config, environment, sources, ofSettings, notes }: ExamineOptions,
  limits: Limits,
): AsyncGenerator<Finding, Readonly<Record<string, ExaminedSource>>> {
  const examined: Record<string, ExaminedSource> = {}
  for (const [name, source] of Object.entries(sources)) {
    const own = ofSettings && name === 'default'
    const { check } = own ? sourceAdapter(config) : {}
    if (check && !(yield* check(config, environment, limits))) {
      yield* skip('source.connection', ...AFTER_CONNECTION)
      continue
    }
    const found = yield* checkSource(source, own ? notes : [], config, limits)
    if (found) examined[name] = found
  }
  return examined
}
