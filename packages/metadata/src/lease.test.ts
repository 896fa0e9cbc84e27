import { EventEmitter, once } from 'node:events'
import { DwhError, isDwhError, LEASE_KEY, type ObjectStore, processName, type Wait } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { ClassStore } from '@dwh/storage/testing'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { clean, type LeaseOptions, readState, takeLease, whileHeld } from './index.ts'
import { writeState } from './write-state.ts'

const TTL_MS = 60_000
/** As in `lease.ts`: how often another's lease is looked at, and the pause after a write that came too late. */
const LOOK_MS = 500
const CONFLICT_PAUSE_MS = 25

/** A clock and a timer that stand still until `pass` moves both. */
function fakeTime() {
  let now = Date.parse('2026-02-18T03:00:00Z')
  const waits = new Map<() => void, number>()
  const events = new EventEmitter()
  const wait: Wait = (ms, signal) =>
    new Promise((resolve) => {
      function done(): void {
        waits.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      if (signal?.aborted) return resolve()
      signal?.addEventListener('abort', done)
      waits.set(done, now + ms)
      events.emit('wait')
    })
  return {
    clock: () => new Date(now),
    wait,
    after: (ms: number) => new Date(now + ms),
    pass(ms: number): void {
      now += ms
      for (const [done, at] of [...waits]) if (at <= now) done()
    },
    onWait: (then: () => void) => events.on('wait', then),
    /** Resolves when the next wait has begun. */
    nextWait: () => once(events, 'wait'),
  }
}

async function open() {
  const store = localStore({ path: await temporaryFolder() })
  const time = fakeTime()
  const { clock, wait } = time
  const take = (owner: string, more: Partial<LeaseOptions> = {}, from = store) =>
    takeLease(from, { owner, clock, wait, ttlMs: TTL_MS, ...more })
  return { store, time, take }
}

/** The store, and `nextWrite`, which resolves when it has answered its next write. */
function watchWrites(store: ObjectStore) {
  const events = new EventEmitter()
  const put = (...args: Parameters<ObjectStore['put']>) => store.put(...args).finally(() => events.emit('write'))
  return { watched: { ...store, put }, nextWrite: () => once(events, 'write') }
}

const lock = async (store: ObjectStore) => JSON.parse(Buffer.from((await store.get(LEASE_KEY))?.body ?? []).toString())

/** A lock as a process of another machine, or one that is gone, would have left it. */
async function leave(store: ObjectStore, process: string, expiresAt: Date): Promise<void> {
  const held = {
    version: 1,
    owner: 'another',
    process,
    taken_at: new Date(expiresAt.getTime() - TTL_MS).toISOString(),
    expires_at: expiresAt.toISOString(),
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
    const { time, take } = await open()
    // little of it: the lease of the one that has it does not run out
    time.onWait(() => setImmediate(() => time.pass(CONFLICT_PAUSE_MS)))
    const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => take(`r${i}`)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers)
      if (answer.status === 'rejected') expect(isDwhError(answer.reason, 'CONFLICT')).toBe(true)
  })

  test('that is written, with the answer on its way: another run of this process waits for it', async () => {
    const { store, take } = await open()
    let reached = () => {}
    const written = new Promise<void>((resolve) => {
      reached = resolve
    })
    let answer = () => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const slow: ObjectStore = {
      ...store,
      async put(...args) {
        const info = await store.put(...args)
        reached()
        await answered
        return info
      },
    }
    const first = take('r1', {}, slow)
    await written
    await expect(take('r2')).rejects.toMatchObject({ code: 'CONFLICT' })
    answer()
    await (await first).release()
  })

  test('that has run out is taken over; so is one whose process is gone, at once', async () => {
    const { store, time, take } = await open()
    const first = await take('r1')
    time.pass(TTL_MS + 1)
    const second = await take('r2')
    expect(second.takenOver).toBe(true)
    expect(() => first.check()).toThrowError(expect.objectContaining({ code: 'CONFLICT' }))
    await second.release()
    // no process has this number: it is above the greatest that Linux gives
    await leave(store, processName().replace(/-\d+-/, '-4194305-'), time.after(TTL_MS))
    expect((await take('r3')).takenOver).toBe(true)
  })

  test('of another machine is waited for: until it is renewed, given back, or has run out', async () => {
    const { store, time, take } = await open()
    await leave(store, '00000000-1-00000000', time.after(TTL_MS))
    const told: string[] = []
    const answer = take('r1', { onWait: ({ owner }) => told.push(owner) })
    for (let look = 0; look < 2; look++) {
      await time.nextWait()
      time.pass(LOOK_MS)
    }
    await time.nextWait()
    await leave(store, '00000000-1-00000000', time.after(TTL_MS + 1))
    time.pass(LOOK_MS)
    await expect(answer).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(told).toEqual(['another'])
    const next = take('r2')
    await time.nextWait()
    time.pass(TTL_MS + 2)
    expect((await next).takenOver).toBe(true)
  })

  test('that could not be given back, since the storage was gone, is nobody’s in the same process either', async () => {
    const { store, take } = await open()
    const gone = {
      ...store,
      put: (...args: Parameters<ObjectStore['put']>) => (away ? Promise.reject(new Error('gone')) : store.put(...args)),
    }
    let away = false
    const lease = await take('r1', {}, gone)
    away = true
    await lease.release()
    expect(await lock(store)).toMatchObject({ owner: 'r1', released: false })
    expect((await take('r2')).takenOver).toBe(true)
  })

  test('a wait for it can be ended', async () => {
    const { store, time, take } = await open()
    await leave(store, '00000000-1-00000000', time.after(TTL_MS))
    const controller = new AbortController()
    const answer = take('r1', { signal: controller.signal })
    await time.nextWait()
    controller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'ABORTED' })
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
    const { watched, nextWrite } = watchWrites(store)
    const lease = await take('r1', {}, watched)
    // for longer than it lasts
    for (let renewal = 0; renewal < 4; renewal++) {
      time.pass(TTL_MS / 3)
      await nextWrite()
      expect((await lock(store)).expires_at).toBe(time.after(TTL_MS).toISOString())
      lease.check()
    }
    await lease.release()
  })

  test('a renewal whose answer was lost is one all the same', async () => {
    const { store, time, take } = await open()
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
    const { watched, nextWrite } = watchWrites(lossy)
    const lease = await take('r1', {}, watched)
    // the first is lost, the second finds that the lock is its own, the third renews
    for (let renewal = 0; renewal < 3; renewal++) {
      time.pass(TTL_MS / 3)
      await nextWrite()
    }
    expect(lost).toBe(1)
    expect((await lock(store)).expires_at).toBe(time.after(TTL_MS).toISOString())
    expect(lease.signal.aborted).toBe(false)
    await lease.release()
  })

  test('a holder whose clock is wrong is waited for no longer than the lease lasts', async () => {
    const { store, time, take } = await open()
    await leave(store, '00000000-1-00000000', time.after(100 * TTL_MS))
    const answer = take('r1')
    await time.nextWait()
    time.pass(TTL_MS + 1)
    expect((await answer).takenOver).toBe(true)
  })

  test('a store that refuses every condition is given up', async () => {
    const { store, time, take } = await open()
    await (await take('r0')).release()
    const refusing = { ...store, put: () => Promise.reject(new DwhError('CONFLICT', 'no')) }
    time.onWait(() => setImmediate(() => time.pass(CONFLICT_PAUSE_MS)))
    await expect(take('r1', {}, refusing)).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: expect.stringContaining('Run again later'),
    })
  })

  test('ends early: for a holder that slept, and for one whose lease another has', async () => {
    const { store, time, take } = await open()
    const slept = await take('r1')
    // three quarters of it
    time.pass((TTL_MS * 3) / 4 + 1)
    expect(() => slept.check()).toThrowError(expect.objectContaining({ code: 'CONFLICT' }))
    expect(slept.signal.aborted).toBe(true)
    await slept.release()
    time.pass(TTL_MS)
    const robbed = await take('r2')
    await leave(store, '00000000-1-00000000', time.after(TTL_MS))
    time.pass(TTL_MS / 3)
    await once(robbed.signal, 'abort')
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
    time.pass(TTL_MS)
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
