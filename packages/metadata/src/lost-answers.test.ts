import { type Day, DwhError, type ObjectStore, STATE_KEY } from '@dwh/core'
import { describe, expect, test } from 'vitest'
import { readBase, readState, recordFailure } from './index.ts'
import { memoryStore } from './memory-store.ts'
import { answers, answersOf, cutAfter, id, keys, NOW, newId, run, settle, strays, TODAY } from './test-support.ts'

describe('the power is cut', () => {
  test.each([
    ['a first run', []],
    ['a run over the same day', [{ date: TODAY, tables: { a: 'A1', b: 'B1' } }]],
    [
      'a run over a past day',
      [
        { date: TODAY, tables: { a: 'A1', b: 'B1' } },
        { date: '2026-02-20', tables: { a: 'A3' } },
      ],
    ],
  ])(
    'after any request of %s: a reader sees the old state or the new one, and nothing is left once all is quiet',
    async (_, before) => {
      let cuts = 0
      let published = 0
      for (let requests = 1; ; requests += 1) {
        const outcomes = await Promise.all([false, true].map((lastIsDone) => attempt(before, requests, lastIsDone)))
        if (outcomes.every((outcome) => outcome === 'complete')) break
        cuts += 1
        if (outcomes[1] === 'published') published += 1
      }
      expect(cuts).toBeGreaterThan(15)
      expect(published).toBeGreaterThan(5)
      expect(published).toBeLessThan(cuts)
    },
  )

  async function attempt(
    before: readonly { date: Day; tables: Record<string, string> }[],
    requests: number,
    lastIsDone: boolean,
  ): Promise<'complete' | 'published' | 'not published'> {
    const store = memoryStore()
    for (const [i, { date, tables }] of before.entries()) await run(store, id(i), tables, { date })
    const base = await readBase(store, newId)
    const old = { current: await answers(store, base.state), day: await answersOf(store, TODAY) }
    const cut = cutAfter(store, requests, lastIsDone)
    const result = await run(cut, id(10), { a: 'A2', b: 'B2' }, { base }).catch((error) => error)

    const { state } = await readState(store)
    const isNew = state.run_id === id(10)
    const newDay = { a: 'A2', b: 'B2' }
    expect(await answersOf(store, TODAY)).toEqual(isNew ? newDay : old.day)
    const isPast = old.current.a === 'A3'
    expect(await answers(store, state)).toEqual(isNew ? { ...newDay, ...(isPast ? { a: 'A3' } : {}) } : old.current)
    // a reader of the state before finds all that it named
    expect([await answers(store, base.state), await answersOf(store, TODAY, base.state)]).toEqual([
      old.current,
      old.day,
    ])
    // only a run that was published reports success
    if (!(result instanceof Error)) expect(isNew).toBe(true)

    await run(store, id(11), { a: 'A4' })
    expect(await answersOf(store, TODAY)).toEqual({ ...(isNew ? newDay : old.day), a: 'A4' })
    await settle(store)
    expect(await strays(store)).toEqual([])
    const isComplete = !(result instanceof Error) && result.unfinished === null
    return isComplete ? 'complete' : isNew ? 'published' : 'not published'
  }
})

describe('the answer to the commit is lost', () => {
  /** Loses the answers to the first `count` commits, done or not. */
  function losing(store: ObjectStore, count: number, done: boolean): ObjectStore {
    let left = count
    return {
      ...store,
      async put(key, body, condition) {
        if (key !== STATE_KEY || left === 0) return store.put(key, body, condition)
        left -= 1
        if (done) await store.put(key, body, condition)
        throw new DwhError('STORE_UNREACHABLE', 'socket hang up')
      },
    }
  }

  async function open(): Promise<ObjectStore> {
    const store = memoryStore()
    await run(store, id(0), { a: 'A0' })
    return store
  }

  test('the commit was done: the run is published, once', async () => {
    const store = await open()
    expect(await run(losing(store, 1, true), id(1), { a: 'A1' })).toMatchObject({
      unfinished: null,
      state: { run_id: id(1), fencing_token: 2 },
    })
    expect(await answers(store, (await readState(store)).state)).toEqual({ a: 'A1' })
    expect((await readState(store)).state.retired.map(({ run_id }) => run_id)).toEqual([id(0), id(1)])
  })

  test('the commit was not done: it is repeated', async () => {
    const store = await open()
    expect(await run(losing(store, 3, false), id(1), { a: 'A1' })).toMatchObject({
      unfinished: null,
      state: { run_id: id(1) },
    })
  })

  test('the commit is on its way, and arrives before the second: the run is published, once', async () => {
    const store = await open()
    const late: (() => Promise<unknown>)[] = []
    const delaying: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        if (key !== STATE_KEY) return store.put(key, body, condition)
        if (late.length === 0) {
          late.push(() => store.put(key, body, condition))
          throw new DwhError('STORE_UNREACHABLE', 'socket hang up')
        }
        await late[0]?.().catch(() => null)
        return store.put(key, body, condition)
      },
    }
    expect(await run(delaying, id(1), { a: 'A1' })).toMatchObject({ unfinished: null, state: { run_id: id(1) } })
    expect((await readState(store)).state).toMatchObject({ fencing_token: 2, run_id: id(1) })
  })

  test('the commit was not done, and a failure is noted meanwhile: it is repeated on top of the note', async () => {
    const store = await open()
    let asked = 0
    const noting: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        if (key !== STATE_KEY || asked > 0) return store.put(key, body, condition)
        asked += 1
        const failed = {
          run_id: id(9),
          at: NOW.toISOString(),
          code: 'RUN_FAILED',
          message: 'x',
          hint: null,
          tables: [],
        }
        await recordFailure(store, failed)
        throw new DwhError('STORE_UNREACHABLE', 'socket hang up')
      },
    }
    expect(await run(noting, id(1), { a: 'A1' })).toMatchObject({ unfinished: null, state: { run_id: id(1) } })
  })

  test('the result stays unknown: an error that says so, and nothing is removed', async () => {
    const store = await open()
    await expect(run(losing(store, 100, false), id(1), { a: 'A1' })).rejects.toMatchObject({
      code: 'STORE_FAILED',
      context: { uncertain: true },
    })
    expect((await keys(store)).filter((key) => key.includes(id(1)))).toHaveLength(3)
  })

  test('another run commits meanwhile: unknown, since a third could have removed the trace of this one', async () => {
    const store = await open()
    let asked = 0
    const overtaken: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        if (key !== STATE_KEY || asked > 0) return store.put(key, body, condition)
        asked += 1
        await run(store, id(2), { a: 'A2' })
        throw new DwhError('STORE_UNREACHABLE', 'socket hang up')
      },
    }
    await expect(run(overtaken, id(1), { a: 'A1' })).rejects.toMatchObject({ context: { uncertain: true } })
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A2' })
    await settle(store)
    expect(await strays(store)).toEqual([])
  })

  test('the commit was done, and then the store refuses: the run is published', async () => {
    const store = await open()
    for (const [n, code] of (['STORE_DENIED', 'STORE_FULL'] as const).entries()) {
      let asked = 0
      const refusing: ObjectStore = {
        ...store,
        async put(key, body, condition) {
          if (key !== STATE_KEY || asked > 0) return store.put(key, body, condition)
          asked += 1
          await store.put(key, body, condition)
          throw new DwhError(code, 'refused', { context: { uncertain: true } })
        },
      }
      expect(await run(refusing, id(n + 1), { a: code })).toMatchObject({ state: { run_id: id(n + 1) } })
      expect(await answers(store, (await readState(store)).state)).toEqual({ a: code })
    }
  })

  test('the commit was done, and another run has committed since: the run is published', async () => {
    const store = await open()
    let asked = 0
    const overtaken: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        const info = await store.put(key, body, condition)
        if (key !== STATE_KEY || asked > 0) return info
        asked += 1
        await run(store, id(2), { b: 'B2' }, { date: '2026-02-19' })
        throw new DwhError('STORE_UNREACHABLE', 'socket hang up')
      },
    }
    expect(await run(overtaken, id(1), { a: 'A1' })).toMatchObject({ unfinished: null, state: { run_id: id(1) } })
    expect((await readState(store)).state.run_id).toBe(id(2))
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A1' })
  })

  test('a store that refuses: not asked again', async () => {
    const store = await open()
    let asked = 0
    const refusing: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        if (key !== STATE_KEY) return store.put(key, body, condition)
        asked += 1
        throw new DwhError('STORE_DENIED', 'read-only')
      },
    }
    await expect(run(refusing, id(1), { a: 'A1' })).rejects.toMatchObject({ code: 'STORE_DENIED' })
    expect(asked).toBe(1)
  })

  test('a store that refuses every condition: a conflict, not an unknown result', async () => {
    const store = await open()
    const stale: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        if (key !== STATE_KEY) return store.put(key, body, condition)
        throw new DwhError('CONFLICT', 'etl.json: changed by another writer')
      },
    }
    await expect(run(stale, id(1), { a: 'A1' })).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})
