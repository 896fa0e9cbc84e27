import type { Config } from '@dwh/config'
import type { Source } from '@dwh/core'
import type { OpenedStorage } from '../adapters/adapter.ts'
import { sourceAdapter } from '../adapters/index.ts'
import type { AllSurroundings } from '../surroundings.ts'
import { checkLocal } from './check-local.ts'
import { AFTER_CONNECTION, checkSource } from './check-source.ts'
import { checkStorage } from './check-storage.ts'
import { checkWarehouse } from './check-warehouse.ts'
import { type Finding, type Limits, skip } from './finding.ts'

export interface Patient {
  readonly config: Config
  readonly surroundings: AllSurroundings
  readonly opened: OpenedStorage
  readonly source: () => Source
  /** What the source says when it is opened. */
  readonly notes: readonly string[]
}

/** Every check but that of the settings, in their order. */
export async function* examine(
  { config, surroundings, opened, source, notes }: Patient,
  limits: Limits,
): AsyncGenerator<Finding> {
  const { check } = sourceAdapter(config)
  const reached = check ? yield* check(config, surroundings, limits) : true
  if (!reached) yield* skip('source.connection', ...AFTER_CONNECTION)
  const examined = reached ? yield* checkSource(source(), notes, config, limits) : null
  yield* checkLocal(config, examined?.largestTableBytes ?? 0)
  if (yield* checkStorage(opened, limits)) {
    yield* checkWarehouse(opened.store, examined?.info ?? null, surroundings.clock(), limits)
  } else {
    yield* skip('storage.list', 'warehouse', 'warehouse.source', 'warehouse.last_run')
  }
}
