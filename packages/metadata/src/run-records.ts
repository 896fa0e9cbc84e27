import {
  type Day,
  dayRecordsKey,
  type FailureEntry,
  isDwhError,
  type ObjectStore,
  type ReadOptions,
  RUNS_PREFIX,
  type RunRecord,
  recordsKey,
  runRecordKey,
} from '@dwh/core'
import { forEach } from './for-each.ts'
import { FORMAT_VERSION } from './old-formats.ts'
import { parseDayRecords, parseRunRecord, serialise } from './parse-state.ts'
import { readState } from './read-state.ts'
import { ifUnreadable } from './unreadable.ts'
import { untilWritten, writeState } from './write-state.ts'

const DAY_MS = 24 * 60 * 60 * 1000

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
  // the records of a day that are together, and those that are not among them yet
  const byDay = await keysByDay(store, options)
  const records: RunRecord[] = []
  for (const ofDay of [...byDay.values()].reverse()) {
    if (records.length >= limit) break
    const singles = ofDay.filter((key) => recordsKey(key)?.run !== null).sort()
    const wanted = ofDay.length > singles.length ? ofDay : singles.slice(records.length - limit)
    const found = new Map<string, RunRecord>()
    for (const key of wanted)
      for (const record of await readRecords(store, key, options)) found.set(record.run_id, record)
    records.push(...[...found.values()].sort((a, b) => (a.run_id < b.run_id ? 1 : -1)))
  }
  return records.slice(0, limit)
}

/** Reads the records in an object; none if it is gone, or for the key of no record. */
export async function readRecords(
  store: ObjectStore,
  key: string,
  options?: ReadOptions,
): Promise<readonly RunRecord[]> {
  const holds = recordsKey(key)
  const object = holds && (await store.get(key, options))
  if (!object) return []
  return holds.run === null ? parseDayRecords(key, object.body).runs : [parseRunRecord(key, object.body)]
}

/** Maximum number of days of which one call puts the records together. */
const MOST_DAYS = 10

/**
 * Puts the records of each past day with several runs together in one object: a schedule of minutes leaves hundreds.
 * Those of today and yesterday stay. First the object of the day is written, under a key of its own, then the single
 * records are removed. Records that cannot be read stay as they are.
 * @throws DwhError the store's errors
 */
export async function compactRecords(store: ObjectStore, { now, runId }: { now: Date; runId: string }): Promise<void> {
  const until = new Date(now.getTime() - DAY_MS).toISOString().slice(0, 10)
  const byDay = await keysByDay(store)
  const several = [...byDay].filter(
    ([day, keys]) => day < until && keys.length > 1 && keys.some((key) => recordsKey(key)?.run),
  )
  for (const [day, keys] of several.slice(0, MOST_DAYS)) {
    const singles = keys.filter((key) => recordsKey(key)?.run)
    const together = new Set<string>()
    for (const key of keys.filter((key) => !singles.includes(key)))
      for (const { run_id } of await readable(readRecords(store, key))) together.add(run_id)
    const left: RunRecord[] = []
    const read: string[] = []
    await forEach(singles, async (key) => {
      const [record] = await readable(readRecords(store, key))
      if (record === undefined) return
      read.push(key)
      if (!together.has(record.run_id)) left.push(record)
    })
    left.sort((a, b) => (a.run_id < b.run_id ? -1 : 1))
    if (left.length > 0)
      await store.put(dayRecordsKey(day, runId), serialise({ version: FORMAT_VERSION, day, runs: left }))
    await forEach(read, (key) => store.delete(key))
  }
}

/** The keys of records, by the day on which their runs began; keys and days in order. */
async function keysByDay(store: ObjectStore, options?: ReadOptions): Promise<Map<Day, string[]>> {
  const byDay = new Map<Day, string[]>()
  for await (const { key } of store.list(RUNS_PREFIX, options)) {
    const day = recordsKey(key)?.day
    if (day !== undefined) byDay.set(day, [...(byDay.get(day) ?? []), key])
  }
  return new Map([...byDay].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function readable(records: Promise<readonly RunRecord[]>): Promise<readonly RunRecord[]> {
  const found = await records.catch(ifUnreadable)
  return isDwhError(found) ? [] : found
}
