import { DwhError, isDwhError, LEASE_KEY, type ObjectStore, processName } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { ClassStore } from '@dwh/storage/testing'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { clean, readState, takeLease, whileHeld } from './index.ts'
import { writeState } from './write-state.ts'

const TTL_MS = 60_000

async function open() {
  const store = localStore({ path: await temporaryFolder() })
  const time = { now: Date.parse('2026-02-18T03:00:00Z') }
  const take = (owner: string, more: Partial<Parameters<typeof takeLease>[1]> = {}) =>
    takeLease(store, { owner, clock: () => new Date(time.now), ttlMs: TTL_MS, ...more })
  return { store, time, take }
}

const lock = async (store: ObjectStore) => JSON.parse(Buffer.from((await store.get(LEASE_KEY))?.body ?? []).toString())

/** A lock as a process of another machine, or one that is gone, would have left it. */
async function leave(store: ObjectStore, process: string, expiresAt: number): Promise<void> {
  const held = {
    version: 1,
    owner: 'another',
    process,
    taken_at: new Date(expiresAt - TTL_MS).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
    released: false,
  }
  const now = await store.head(LEASE_KEY)
  await store.put(LEASE_KEY, Buffer.from(JSON.stringify(held)), now ? { ifMatch: now.etag } : { ifAbsent: true })
}

describe('the lease', () => {
  test('is taken, keeps others away, and is given back', async () => {
    const { store, take } = await open()
    const lease = await take('r1')
    expect(lease.takenOver).toBe(false)
    expect(await lock(store)).toMatchObject({ owner: 'r1', process: processName(), released: false })
    await expect(take('r2')).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('r1') })
    await lease.release()
    await lease.release()
    expect(await lock(store)).toMatchObject({ released: true })
    expect((await take('r2')).takenOver).toBe(false)
  })

  test('of many that want it at once one has it', async () => {
    const { take } = await open()
    const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => take(`r${i}`)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers)
      if (answer.status === 'rejected') expect(isDwhError(answer.reason, 'CONFLICT')).toBe(true)
  })

  test('that has run out is taken over; so is one whose process is gone, at once', async () => {
    const { store, time, take } = await open()
    const first = await take('r1')
    time.now += TTL_MS + 1
    const second = await take('r2')
    expect(second.takenOver).toBe(true)
    expect(() => first.check()).toThrowError(expect.objectContaining({ code: 'CONFLICT' }))
    await second.release()
    // no process has this number: it is above the greatest that Linux gives
    await leave(store, processName().replace(/-\d+-/, '-4194305-'), time.now + TTL_MS)
    expect((await take('r3')).takenOver).toBe(true)
  })

  test('of another machine is waited for: until it is renewed, given back, or has run out', async () => {
    const { store, time, take } = await open()
    await leave(store, '00000000-1-00000000', time.now + TTL_MS)
    const waits: string[] = []
    const onWait = ({ owner }: { owner: string }) => {
      waits.push(owner)
      void leave(store, '00000000-1-00000000', time.now + TTL_MS + 1)
    }
    await expect(take('r1', { onWait })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(waits).toEqual(['another'])
    const onWaitAgain = () => {
      time.now += TTL_MS + 2
    }
    expect((await take('r2', { onWait: onWaitAgain })).takenOver).toBe(true)
  })

  test('that could not be given back, since the storage was gone, is nobody’s in the same process either', async () => {
    const { store, take, time } = await open()
    const gone = {
      ...store,
      put: (...args: Parameters<ObjectStore['put']>) => (away ? Promise.reject(new Error('gone')) : store.put(...args)),
    }
    let away = false
    const lease = await takeLease(gone, { owner: 'r1', clock: () => new Date(time.now), ttlMs: TTL_MS })
    away = true
    await lease.release()
    expect(await lock(store)).toMatchObject({ owner: 'r1', released: false })
    expect((await take('r2')).takenOver).toBe(true)
  })

  test('a wait for it can be ended', async () => {
    const { store, time, take } = await open()
    await leave(store, '00000000-1-00000000', time.now + TTL_MS)
    await expect(take('r1', { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test.each(['', 'not JSON', '[]', '{}', '{"expires_at":"tomorrow"}', '\u0000'])(
    '%j is a lease of nobody',
    async (body) => {
      const { store, take } = await open()
      await store.put(LEASE_KEY, Buffer.from(body), { ifAbsent: true })
      expect((await take('r1')).takenOver).toBe(false)
    },
  )

  test('is renewed while it is held', async () => {
    const { store, time, take } = await open()
    const lease = await take('r1', { ttlMs: 300 })
    const before = (await lock(store)).expires_at
    time.now += 100
    await expect.poll(async () => (await lock(store)).expires_at).not.toBe(before)
    lease.check()
    await lease.release()
  })

  test('a renewal whose answer was lost is one all the same', async () => {
    const { store, time } = await open()
    let lost = 0
    const lossy = {
      ...store,
      async put(...args: Parameters<ObjectStore['put']>) {
        const info = await store.put(...args)
        if (args[2] && 'ifMatch' in args[2] && lost < 1) {
          lost += 1
          throw new Error('the answer is lost')
        }
        return info
      },
    }
    const lease = await takeLease(lossy, { owner: 'r1', clock: () => new Date(time.now), ttlMs: 150 })
    await expect.poll(() => lost).toBe(1)
    const before = (await lock(store)).expires_at
    time.now += 50
    await expect.poll(async () => (await lock(store)).expires_at).not.toBe(before)
    expect(lease.signal.aborted).toBe(false)
    await lease.release()
  })

  test('a holder whose clock is wrong is waited for no longer than the lease lasts', async () => {
    const { store, time, take } = await open()
    await leave(store, '00000000-1-00000000', time.now + 100 * TTL_MS)
    const onWait = () => {
      time.now += TTL_MS + 1
    }
    expect((await take('r1', { onWait })).takenOver).toBe(true)
  })

  test('a store that refuses every condition is given up', async () => {
    const { store, take } = await open()
    await (await take('r0')).release()
    const refusing = { ...store, put: () => Promise.reject(new DwhError('CONFLICT', 'no')) }
    await expect(takeLease(refusing, { owner: 'r1', clock: () => new Date() })).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: expect.stringContaining('Run again later'),
    })
  })

  test('ends early: for a holder that slept, and for one whose lease another has', async () => {
    const { store, time, take } = await open()
    const slept = await take('r1')
    // three quarters of it
    time.now += (TTL_MS * 3) / 4 + 1
    expect(() => slept.check()).toThrowError(expect.objectContaining({ code: 'CONFLICT' }))
    expect(slept.signal.aborted).toBe(true)
    await slept.release()
    time.now += TTL_MS
    const robbed = await take('r2', { ttlMs: 300 })
    await leave(store, '00000000-1-00000000', time.now + TTL_MS)
    await expect.poll(() => robbed.signal.aborted).toBe(true)
    await robbed.release()
    expect(await lock(store)).toMatchObject({ owner: 'another', released: false })
  })

  test.each([
    ['an object', (store: ObjectStore) => store],
    ['an instance of a class', (store: ObjectStore) => new ClassStore(store)],
  ])('over, nothing is written through it, and reading goes on: a store as %s', async (_, as) => {
    const { store, time, take } = await open()
    const lease = await take('r1')
    const held = whileHeld(as(store), lease)
    await held.put('a', Buffer.from('1'))
    time.now += TTL_MS
    for (const write of [
      () => held.put('a', Buffer.from('2')),
      () => held.putFile('a', '/dev/null'),
      () => held.copy('a', 'b'),
      () => held.move('a', 'b', null),
      () => held.delete('a'),
    ])
      await expect(write()).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await held.get('a'))?.body.toString()).toBe('1')
  })
})

describe('leftovers', () => {
  const keys = async (store: ObjectStore) => {
    const all: string[] = []
    for await (const { key } of store.list('_dwh/')) all.push(key)
    return all
  }
  const now = new Date('2026-02-18T03:00:00Z')

  test('are removed after the epoch was counted up, so that no run that began before commits', async () => {
    const { store } = await open()
    await store.put('_dwh/stage/r1/a', Buffer.from('1'))
    await store.put('_dwh/kept/r0/a', Buffer.from('1'))
    await store.put(`_dwh/probe/${processName().replace(/-\d+-/, '-4194305-')}-ab`, Buffer.from('1'))
    const base = await readState(store)
    const { removed, state } = await clean(store, { now, fence: false })
    expect([removed.length, state.epoch, await keys(store)]).toEqual([3, 1, []])
    await expect(writeState(store, base, base.state)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test('none: nothing is written, unless it is to keep others from committing', async () => {
    const { store } = await open()
    expect(await clean(store, { now, fence: false })).toMatchObject({ removed: [], etag: null })
    const base = await readState(store)
    expect((await clean(store, { now, fence: true })).state.epoch).toBe(1)
    await expect(writeState(store, base, base.state)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test('what etl.json keeps for readers stays until its time is over', async () => {
    const { store } = await open()
    await store.put('_dwh/kept/r1/a', Buffer.from('1'))
    const base = await readState(store)
    const kept = [{ key: 'a', sha256: '0'.repeat(64), kept: '_dwh/kept/r1/a', until: '2026-02-18T04:00:00.000Z' }]
    await writeState(store, base, { ...base.state, kept })
    expect((await clean(store, { now, fence: false })).removed).toEqual([])
    const later = await clean(store, { now: new Date('2026-02-18T04:00:01Z'), fence: false })
    expect([later.removed, later.state.kept]).toEqual([['_dwh/kept/r1/a'], []])
  })
})
