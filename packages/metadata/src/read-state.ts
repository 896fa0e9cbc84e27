import {
  type Day,
  type DayManifest,
  type EtlState,
  manifestKey,
  type ObjectStore,
  type ReadOptions,
  STATE_KEY,
  stageKey,
} from '@dwh/core'
import { FORMAT_VERSION } from './old-formats.ts'
import { parseManifest, parseState } from './parse-state.ts'

/** `etl.json` with its ETag, which is the condition for replacing it. */
export interface StoredState {
  readonly state: EtlState
  /** Null when there is no `etl.json` yet. */
  readonly etag: string | null
}

/** The state before the first good run. */
export const EMPTY_STATE: EtlState = {
  version: FORMAT_VERSION,
  last_run_at: null,
  status: 'none',
  duration_ms: null,
  counts: {},
  run_id: null,
  sources: {},
  fencing_token: 0,
  publishing: null,
  retained: [],
  pruned: [],
  tables: {},
  failed_tables: {},
  last_failure: null,
  conditional_writes: true,
}

/**
 * Reads `etl.json`; returns an empty state where it does not exist yet.
 * @throws DwhError STATE_INVALID, and the store's errors
 */
export async function readState(store: ObjectStore, options?: ReadOptions): Promise<StoredState> {
  const object = await store.get(STATE_KEY, options)
  return object ? { state: parseState(object.body), etag: object.etag } : { state: EMPTY_STATE, etag: null }
}

/**
 * Reads the manifest of one day, or its staged version while its run is being published; null for a day without one.
 * @throws DwhError STATE_INVALID, and the store's errors
 */
export async function readManifest(
  store: ObjectStore,
  state: Pick<EtlState, 'publishing'>,
  day: Day,
  options?: ReadOptions,
): Promise<DayManifest | null> {
  const key = manifestKey(day)
  const staged =
    state.publishing?.date === day ? await store.get(stageKey(state.publishing.run_id, key), options) : null
  const object = staged ?? (await store.get(key, options))
  return object && parseManifest(key, object.body)
}
