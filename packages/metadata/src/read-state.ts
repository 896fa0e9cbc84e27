import { type EtlState, type ObjectStore, type ReadOptions, STATE_KEY } from '@dwh/core'
import { FORMAT_VERSION } from './old-formats.ts'
import { parseState } from './parse-state.ts'

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
  last_run_of_all: null,
  sources: {},
  fencing_token: 0,
  months: {},
  copies_pending: [],
  retired: [],
  tables: {},
  column_ids: {},
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
