import { type ObjectStore, STATE_KEY } from '@dwh/core'
import { describe, expect, test } from 'vitest'
import { clean, readBase, readState, refreshCopies, takeLease, whileHeld } from './index.ts'
import { id, NOW, newId, openFolder, run } from './test-support.ts'

const ORPHAN = `_dwh/days/2026/02/17-${id(7)}.json`
const COPY = 'a/2026/02/18.parquet'
const OVER = { code: 'CONFLICT', context: { leaseOver: true } }

/** Returns a store that is guarded by a lease, and `sleep`, which lets more time pass than the lease lasts. */
async function leased(store: ObjectStore): Promise<{ held: ObjectStore; sleep: () => void }> {
  let now = NOW
  const lease = await takeLease(store, { owner: id(1), clock: () => now, ttlMs: 60_000 })
  const sleep = () => {
    now = new Date(now.getTime() + 60_000)
  }
  return { held: whileHeld(store, lease), sleep }
}

/** Calls `then` once an object at this key has been written. */
function afterPut(store: ObjectStore, at: (key: string) => boolean, then: () => void): ObjectStore {
  return {
    ...store,
    async put(key, ...rest) {
      const info = await store.put(key, ...rest)
      if (at(key)) then()
      return info
    },
  }
}

describe('a run that wakes after its lease is over', () => {
  test('while it removes orphans: ends, and does not retry for ever', async () => {
    const store = await openFolder()
    const { held, sleep } = await leased(store)
    await readBase(held, newId)
    await store.put(ORPHAN, new Uint8Array())
    sleep()
    await expect(clean(held, { now: NOW, raiseToken: false, whole: true })).rejects.toMatchObject(OVER)
    expect(await store.head(ORPHAN)).not.toBeNull()
  })

  test('before its commit: certain that nothing was published', async () => {
    const store = await openFolder()
    const { held, sleep } = await leased(store)
    const base = await readBase(held, newId)
    const sleeping = afterPut(held, (key) => key.startsWith('_dwh/index/'), sleep)
    await expect(run(sleeping, id(1), { a: 'A1' }, { base })).rejects.toMatchObject(OVER)
    expect((await readState(store)).state.run_id).toBeNull()
  })

  test('after its commit: published, and the next run makes the plain copies', async () => {
    const store = await openFolder()
    const { held, sleep } = await leased(store)
    const base = await readBase(held, newId)
    const sleeping = afterPut(held, (key) => key === STATE_KEY, sleep)
    const published = await run(sleeping, id(1), { a: 'A1' }, { base })
    expect(published).toMatchObject({ state: { run_id: id(1) }, unfinished: OVER })
    expect(await store.head(COPY)).toBeNull()
    await refreshCopies(store, { clock: () => NOW })
    expect((await readState(store)).state).toMatchObject({ run_id: id(1), copies_pending: [] })
    expect(await store.head(COPY)).not.toBeNull()
  })

  test('while it makes a plain copy, as another run commits: does not overwrite that of the other', async () => {
    const store = await openFolder()
    await run(store, id(1), { a: 'A1' })
    await run(store, id(2), { a: 'A2' })
    const { state } = await readState(store)
    const { held, sleep } = await leased(store)
    const key = state.tables.a?.files[0]?.key ?? ''
    await run(store, id(3), { a: 'A3' })
    sleep()
    await expect(held.copy(key, COPY, async () => true)).rejects.toMatchObject(OVER)
    expect(Buffer.from((await store.get(COPY))?.body ?? '').toString()).toBe('A3')
  })
})
