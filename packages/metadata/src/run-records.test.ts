import { formatRunId, type ObjectStore, RUNS_PREFIX, type RunRecord, wrapStore } from '@dwh/core'
import { describe, expect, test } from 'vitest'
import { compactRecords, readRunRecords, writeRunRecord } from './index.ts'
import { memoryStore } from './memory-store.ts'

const NOW = new Date('2026-02-20T03:00:00Z')

/** A record of a run that began at this time. */
function record(startedAt: string, status: RunRecord['status'] = 'success'): RunRecord {
  const run_id = formatRunId(new Date(startedAt), Buffer.from('7f3a90c2', 'hex'))
  const times = { started_at: startedAt, finished_at: startedAt, duration_ms: 5 }
  const tables = { constructor: { status: 'unchanged', rows: 3 } } as const
  return { version: 4, run_id, status, date: startedAt.slice(0, 10), ...times, tables, error: null }
}

/** Records every six hours on three days, and one on the day before. */
const RECORDS = [
  record('2026-02-16T12:00:00Z'),
  ...['17', '18', '19'].flatMap((day) =>
    ['00', '06', '12', '18'].map((hour) => record(`2026-02-${day}T${hour}:00:00Z`)),
  ),
]
const NEWEST_FIRST = [...RECORDS].reverse()

async function storeWith(records: readonly RunRecord[]): Promise<ObjectStore> {
  const store = memoryStore()
  for (const each of records) await writeRunRecord(store, each)
  return store
}

async function keys(store: ObjectStore): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of store.list(RUNS_PREFIX)) found.push(key.slice(RUNS_PREFIX.length))
  return found.sort()
}

const compact = (store: ObjectStore, now = NOW) =>
  compactRecords(store, { now, runId: formatRunId(now, Buffer.alloc(4)) })

describe('records of past days', () => {
  test('those of a day with several runs are put together; today, yesterday and single ones stay', async () => {
    const store = await storeWith(RECORDS)
    await compact(store)
    expect(await keys(store)).toEqual([
      '20260216T120000Z-7f3a90c2.json',
      '20260217-20260220T030000Z-00000000.json',
      '20260218-20260220T030000Z-00000000.json',
      ...['00', '06', '12', '18'].map((hour) => `20260219T${hour}0000Z-7f3a90c2.json`),
    ])
    expect(await readRunRecords(store, 100)).toEqual(NEWEST_FIRST)
    for (const limit of [1, 4, 5, 6, 12, 13])
      expect(await readRunRecords(store, limit)).toEqual(NEWEST_FIRST.slice(0, limit))
  })

  test('again: nothing changes; a record that came late is added, in an object of its own', async () => {
    const store = await storeWith(RECORDS)
    await compact(store)
    const before = await keys(store)
    await compact(store, new Date('2026-02-20T04:00:00Z'))
    expect(await keys(store)).toEqual(before)
    await writeRunRecord(store, record('2026-02-17T07:00:00Z', 'failed'))
    await compact(store, new Date('2026-02-20T05:00:00Z'))
    expect((await keys(store)).filter((key) => key.startsWith('20260217'))).toEqual([
      '20260217-20260220T030000Z-00000000.json',
      '20260217-20260220T050000Z-00000000.json',
    ])
    expect(await readRunRecords(store, 100)).toHaveLength(RECORDS.length + 1)
    expect(await readRunRecords(store, 100)).toContainEqual(record('2026-02-17T07:00:00Z', 'failed'))
  })

  test('interrupted after any request: every record is there once, and the next one completes it', async () => {
    for (let after = 0; after < 30; after += 1) {
      const store = await storeWith(RECORDS)
      let left = after
      const step = async <T>(work: () => Promise<T>) => {
        left -= 1
        if (left < 0) throw new Error('killed')
        return work()
      }
      const dying = wrapStore(store, {
        get: (key, options) => step(() => store.get(key, options)),
        put: (key, body, condition) => step(() => store.put(key, body, condition)),
        delete: (key) => step(() => store.delete(key)),
      })
      await compact(dying).catch(() => {})
      expect(await readRunRecords(store, 100)).toEqual(NEWEST_FIRST)
      await compact(store, new Date('2026-02-20T06:00:00Z'))
      expect(await readRunRecords(store, 100)).toEqual(NEWEST_FIRST)
      expect((await keys(store)).filter((key) => key.includes('T') && /^2026021[78]T/.test(key))).toEqual([])
    }
  })

  test('a record that cannot be read stays where it is', async () => {
    const store = await storeWith(RECORDS)
    const damaged = `${RUNS_PREFIX}20260217T090000Z-7f3a90c2.json`
    await store.put(damaged, Buffer.from('{'))
    await compact(store)
    expect(await keys(store)).toContain('20260217T090000Z-7f3a90c2.json')
    await store.delete(damaged)
    expect(await readRunRecords(store, 100)).toEqual(NEWEST_FIRST)
  })
})
