import type { Config } from '@dwh/config'
import type { Source } from '@dwh/core'
import type { OpenedStorage } from '../adapters/adapter.ts'
import { sourceAdapter } from '../adapters/index.ts'
import type { AllSurroundings } from '../surroundings.ts'
import { checkLocal } from './check-local.ts'
import { AFTER_CONNECTION, checkSource, type ExaminedSource } from './check-source.ts'
import { checkStorage } from './check-storage.ts'
import { checkWarehouse } from './check-warehouse.ts'
import { type Finding, type Limits, skip } from './finding.ts'

export interface Patient {
  readonly config: Config
  readonly surroundings: AllSurroundings
  readonly opened: OpenedStorage
  /** That of the settings comes first, where they name one. */
  readonly sources: readonly Source[]
  readonly ofSettings: boolean
  /** What the source of the settings says when it is opened. */
  readonly notes: readonly string[]
}

/** Every check but that of the settings, in their order. */
export async function* examine(patient: Patient, limits: Limits): AsyncGenerator<Finding> {
  const { config, surroundings, opened } = patient
  const examined = yield* examineSources(patient, limits)
  yield* checkLocal(config, Math.max(0, ...examined.map(({ largestTableBytes }) => largestTableBytes)))
  if (yield* checkStorage(opened, limits)) {
    yield* checkWarehouse(opened.store, examined[0]?.info ?? null, surroundings.clock(), limits)
  } else {
    yield* skip('storage.list', 'warehouse', 'warehouse.source', 'warehouse.last_run')
  }
}

/** Those that could be examined. */
async function* examineSources(
  { config, surroundings, sources, ofSettings, notes }: Patient,
  limits: Limits,
): AsyncGenerator<Finding, ExaminedSource[]> {
  const examined: ExaminedSource[] = []
  for (const [index, source] of sources.entries()) {
    const own = ofSettings && index === 0
    const { check } = own ? sourceAdapter(config) : {}
    if (check && !(yield* check(config, surroundings, limits))) {
      yield* skip('source.connection', ...AFTER_CONNECTION)
      continue
    }
    const found = yield* checkSource(source, own ? notes : [], config, limits)
    if (found) examined.push(found)
  }
  return examined
}
