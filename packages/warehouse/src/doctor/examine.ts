import type { Config } from '@dwh/config'
import type { Source } from '@dwh/core'
import type { OpenedStorage } from '../adapters/adapter.ts'
import { sourceAdapter } from '../adapters/index.ts'
import type { FullEnvironment } from '../environment.ts'
import { checkLocal } from './check-local.ts'
import { AFTER_CONNECTION, checkSource, type ExaminedSource } from './check-source.ts'
import { checkStorage } from './check-storage.ts'
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
}

/** Runs every check except that of the settings, in order. */
export async function* examine(options: ExamineOptions, limits: Limits): AsyncGenerator<Finding> {
  const { config, environment, opened } = options
  const examined = yield* examineSources(options, limits)
  yield* checkLocal(config, Math.max(0, ...Object.values(examined).map(({ largestTableBytes }) => largestTableBytes)))
  if (yield* checkStorage(opened, limits)) {
    yield* checkWarehouse(opened.store, examined.default?.info ?? null, environment.clock(), limits)
  } else {
    yield* skip('storage.list', 'warehouse', 'warehouse.source', 'warehouse.last_run')
  }
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
