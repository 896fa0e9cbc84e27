import {
  type FailureEntry,
  type ObjectStore,
  type ReadOptions,
  RUNS_PREFIX,
  type RunRecord,
  runRecordKey,
} from '@dwh/core'
import { parseRunRecord, serialise } from './parse-state.ts'
import { readState } from './read-state.ts'
import { untilWritten, writeState } from './write-state.ts'

/** Stores the record of a run, good or failed. Storing the same record again is not an error. */
export async function writeRunRecord(store: ObjectStore, record: RunRecord): Promise<void> {
  await store.put(runRecordKey(record.run_id), serialise(record))
}

/**
 * Records in `etl.json` that a run failed. Everything else, the last good state, stays unchanged. An `etl.json` that is
 * missing stays so: a new one would say that the warehouse is empty.
 */
export async function recordFailure(store: ObjectStore, failure: FailureEntry): Promise<void> {
  await untilWritten(async () => {
    const now = await readState(store)
    if (now.etag === null) return
    await writeState(store, now, { ...now.state, last_failure: failure })
  })
}

/** Reads the records of the last `limit` runs, newest first. */
export async function readRunRecords(store: ObjectStore, limit = 20, options?: ReadOptions): Promise<RunRecord[]> {
  const keys: string[] = []
  for await (const { key } of store.list(RUNS_PREFIX, options)) keys.push(key)
  const records: RunRecord[] = []
  for (const key of keys.slice(-limit).reverse()) {
    const object = await store.get(key, options)
    if (object) records.push(parseRunRecord(key, object.body))
  }
  return records
}
