import { DwhError, type EtlState, type ObjectStore, parseTableName, partKey, STATE_KEY, wrapStore } from '@dwh/core'
import { describe, expect, test } from 'vitest'
import { clean, readBase, readState, refreshCopies, serialise, writeState } from './index.ts'
import { memoryStore } from './memory-store.ts'
import { answersOf, hoursLater, id, NOW, newId, openFolder, run, strays, TODAY, textOf } from './test-support.ts'

const COPY = 'a/2026/02/18.parquet'
const clock = () => NOW

/** Publishes, and lets the process die right after its commit. */
async function commitOnly(store: ObjectStore, n: number, tables: Record<string, string>, date = TODAY): Promise<void> {
  const base = await readBase(store, newId)
  let dead = false
  async function unlessDead<T>(work: () => Promise<T>): Promise<T> {
    if (dead) throw new DwhError('STORE_UNREACHABLE', 'killed')
    return work()
  }
  const dying = wrapStore(store, {
    get: (key) => unlessDead(() => store.get(key)),
    head: (key) => unlessDead(() => store.head(key)),
    put: (key, body, condition) =>
      unlessDead(async () => {
        dead = key === STATE_KEY
        return store.put(key, body, condition)
      }),
  })
  await run(dying, id(n), tables, { date, base })
}

async function change(store: ObjectStore, next: Partial<EtlState>): Promise<void> {
  const base = await readState(store)
  await writeState(store, base, { ...base.state, ...next })
}

/** Counts the writes of `etl.json`. */
function counted(store: ObjectStore): { counting: ObjectStore; writes: () => number } {
  let writes = 0
  const counting: ObjectStore = {
    ...store,
    async put(key, body, condition) {
      if (key === STATE_KEY) writes += 1
      return store.put(key, body, condition)
    },
  }
  return { counting, writes: () => writes }
}

describe.each([
  ['a folder', openFolder],
  ['a bucket', async () => memoryStore()],
])('plain copies, in %s', (_, open) => {
  test('a run that died after its commit: the next process makes its copies, and the time of the readers starts', async () => {
    const store = await open()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    await commitOnly(store, 2, { a: 'A2' })
    expect((await readState(store)).state).toMatchObject({ run_id: id(2), copies_pending: [TODAY] })
    expect((await readState(store)).state.retired[1]).toMatchObject({ run_id: id(2), until: null })
    expect(await textOf(store, COPY)).toBe('A1')
    // what has no end yet is never removed, however long it takes
    const cleaned = await clean(store, { now: hoursLater(1000), raiseToken: false, whole: true })
    expect(cleaned.state.retired).toMatchObject([{ run_id: id(2), until: null }])
    await refreshCopies(store, { clock: () => hoursLater(1000), retainForMs: 60_000 })
    const { state } = await readState(store)
    expect([state.copies_pending, state.retired[0]?.until]).toEqual([[], '2026-03-31T19:31:00.000Z'])
    expect(await strays(store)).not.toContain(COPY)
    expect([await textOf(store, COPY), await textOf(store, 'b/2026/02/18.parquet')]).toEqual(['A2', 'B1'])
  })

  test('several runs died: the copies of all their days are made', async () => {
    const store = await open()
    await commitOnly(store, 1, { a: 'A1' }, '2026-01-31')
    await commitOnly(store, 2, { a: 'A2' })
    expect((await readState(store)).state.copies_pending).toEqual(['2026-01-31', TODAY])
    await refreshCopies(store, { clock })
    expect([await textOf(store, 'a/2026/01/31.parquet'), await textOf(store, COPY)]).toEqual(['A1', 'A2'])
  })

  test('nothing pending: nothing is written', async () => {
    const store = await open()
    const { counting, writes } = counted(store)
    await refreshCopies(counting, { clock })
    await run(store, id(1), { a: 'A1' })
    await refreshCopies(counting, { clock })
    expect(writes()).toBe(0)
  })

  test('a path that no list names: removed', async () => {
    const store = await open()
    await run(store, id(1), { a: 'A1' })
    await store.put('a/2026/02/17.parquet', Buffer.from('late'))
    await change(store, { copies_pending: ['2026-02-17'] })
    await refreshCopies(store, { clock })
    expect(await store.head('a/2026/02/17.parquet')).toBeNull()
    expect(await textOf(store, COPY)).toBe('A1')
  })

  test('a copy that was changed: made again', async () => {
    const store = await open()
    await run(store, id(1), { a: 'A1' })
    await store.put(COPY, Buffer.from('edited'))
    await change(store, { copies_pending: [TODAY] })
    await refreshCopies(store, { clock })
    expect(await textOf(store, COPY)).toBe('A1')
  })

  test('another run commits while a copy is made: that of the newest list stays', async () => {
    const store = await open()
    await run(store, id(1), { a: 'A1' })
    await commitOnly(store, 2, { a: 'A2' })
    let asked = 0
    const slow: ObjectStore = {
      ...store,
      async copy(from, to, isWanted = async () => true) {
        asked += 1
        return store.copy(from, to, async () => {
          const wanted = await isWanted()
          if (asked === 1) await run(store, id(3), { a: 'A3' })
          return wanted
        })
      },
    }
    await refreshCopies(slow, { clock })
    expect([await textOf(store, COPY), await answersOf(store, TODAY)]).toEqual(['A3', { a: 'A3' }])
    expect((await readState(store)).state).toMatchObject({ run_id: id(3), copies_pending: [] })
  })

  test('a failure is noted while copies are made: the note stays, and the copies are cleared later', async () => {
    const store = await open()
    await run(store, id(1), { a: 'A1' })
    await commitOnly(store, 2, { a: 'A2' })
    const last_failure = { run_id: id(9), at: 'x', code: 'RUN_FAILED', message: 'x', hint: null, tables: [] }
    let noted = false
    const noting: ObjectStore = {
      ...store,
      async copy(from, to, isWanted) {
        if (!noted) await change(store, { last_failure })
        noted = true
        return store.copy(from, to, isWanted)
      },
    }
    await refreshCopies(noting, { clock })
    expect((await readState(store)).state).toMatchObject({ copies_pending: [], last_failure, fencing_token: 2 })
    expect(await textOf(store, COPY)).toBe('A2')
  })

  test('a source that is gone: the copy stays as it was, and nothing waits for it', async () => {
    const store = await open()
    await run(store, id(1), { a: 'A1' })
    await commitOnly(store, 2, { a: 'A2' })
    await store.delete(partKey(parseTableName('a'), TODAY, id(2)))
    await refreshCopies(store, { clock })
    expect((await readState(store)).state.copies_pending).toEqual([])
    expect(await textOf(store, COPY)).toBe('A1')
  })

  test('a plain path that a list of version 3 names: waits until no reader needs it, and is not noted each time', async () => {
    const store = await open()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    // as after a take-over: the list names the plain file
    const { state, etag } = await readState(store)
    const retired = [{ run_id: id(0), until: hoursLater(24).toISOString(), days: [TODAY], keys: [COPY] }]
    const next = serialise({ ...state, copies_pending: [], retired })
    await store.put(STATE_KEY, next, { ifMatch: etag ?? '' })
    await run(store, id(2), { a: 'A2', b: 'B2' })
    const waiting = await readState(store)
    expect(waiting.state.copies_pending).toEqual([TODAY])
    expect(waiting.state.retired.map(({ until }) => until)).not.toContain(null)
    expect([await textOf(store, COPY), await textOf(store, 'b/2026/02/18.parquet')]).toEqual(['A1', 'B2'])
    const { counting, writes } = counted(store)
    await refreshCopies(counting, { clock })
    expect(writes()).toBe(0)
    await clean(store, { now: hoursLater(25), raiseToken: false, whole: false })
    expect(await textOf(store, COPY)).toBe('A1')
    await refreshCopies(store, { clock: () => hoursLater(25) })
    expect(await textOf(store, COPY)).toBe('A2')
    expect((await readState(store)).state.copies_pending).toEqual([])
  })
})

test('etl.json that never stays the same: an error that says the run is published', async () => {
  const store = memoryStore()
  await commitOnly(store, 1, { a: 'A1' })
  const restless: ObjectStore = {
    ...store,
    async put(key, body, condition) {
      const { state } = await readState(store)
      await store.put(STATE_KEY, serialise({ ...state, duration_ms: (state.duration_ms ?? 0) + 1 }))
      return store.put(key, body, condition)
    },
  }
  await expect(refreshCopies(restless, { clock })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: 'etl.json: keeps changing while plain copies are made',
  })
})
