import { EventEmitter, once } from 'node:events'
import { DwhError, isDwhError, LEASE_KEY, type ObjectStore, processName, type Wait } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { ClassStore } from '@dwh/storage/testing'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { type LeaseOptions, takeLease, whileHeld } from './index.ts'

const TTL_MS = 60_000
/** The times in `lease.ts`: how often another run's lease is checked, and the pause after a lost conditional write. */
const LOOK_MS = 500
const CONFLICT_PAUSE_MS = 25

/** A clock and a timer that only `pass` moves. */
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

/** Writes a lock as a process of another machine, or one that has died, would have left it. */
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
  test('a free lease: taken, excludes others, released', async () => {
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

  test('many runs at once: one gets it', async () => {
    const { time, take } = await open()
    // little time passes, so the lease of the winner does not run out
    time.onWait(() => setImmediate(() => time.pass(CONFLICT_PAUSE_MS)))
    const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => take(`r${i}`)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers)
      if (answer.status === 'rejected') expect(isDwhError(answer.reason, 'CONFLICT')).toBe(true)
  })

  test('a lease whose write is not answered yet: another run of the same process is refused', async () => {
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

  test('a lease that has run out, or whose process is gone: taken over at once', async () => {
    const { store, time, take } = await open()
    const first = await take('r1')
    time.pass(TTL_MS + 1)
    const second = await take('r2')
    expect(second.takenOver).toBe(true)
    expect(() => first.check()).toThrowError(expect.objectContaining({ code: 'CONFLICT' }))
    await second.release()
    // no process has this number: it is above the maximum of Linux
    await leave(store, processName().replace(/-\d+-/, '-4194305-'), time.after(TTL_MS))
    expect((await take('r3')).takenOver).toBe(true)
  })

  test('a lease of another machine: waits until it is renewed, released, or has run out', async () => {
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

  test('a lease that could not be released because the storage was gone: free for the same process too', async () => {
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

  test('an abort while waiting: the wait ends', async () => {
    const { store, time, take } = await open()
    await leave(store, '00000000-1-00000000', time.after(TTL_MS))
    const controller = new AbortController()
    const answer = take('r1', { signal: controller.signal })
    await time.nextWait()
    controller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test.each(['', 'not JSON', '[]', '{}', '{"expires_at":"tomorrow"}', '\u0000'])(
    'lock with the text %j: held by nobody',
    async (body) => {
      const { store, take } = await open()
      await store.put(LEASE_KEY, Buffer.from(body), { ifAbsent: true })
      expect((await take('r1')).takenOver).toBe(false)
    },
  )

  test('a held lease: renewed', async () => {
    const { store, time, take } = await open()
    const { watched, nextWrite } = watchWrites(store)
    const lease = await take('r1', {}, watched)
    // for longer than the lease would last without renewal
    for (let renewal = 0; renewal < 4; renewal++) {
      time.pass(TTL_MS / 3)
      await nextWrite()
      expect((await lock(store)).expires_at).toBe(time.after(TTL_MS).toISOString())
      lease.check()
    }
    await lease.release()
  })

  test('a renewal whose answer was lost: counts as a renewal', async () => {
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
    // the first answer is lost, the second attempt finds its own lock, the third renews
    for (let renewal = 0; renewal < 3; renewal++) {
      time.pass(TTL_MS / 3)
      await nextWrite()
    }
    expect(lost).toBe(1)
    expect((await lock(store)).expires_at).toBe(time.after(TTL_MS).toISOString())
    expect(lease.signal.aborted).toBe(false)
    await lease.release()
  })

  test('a holder with a wrong clock: waits no longer than the lease lasts', async () => {
    const { store, time, take } = await open()
    await leave(store, '00000000-1-00000000', time.after(100 * TTL_MS))
    const answer = take('r1')
    await time.nextWait()
    time.pass(TTL_MS + 1)
    expect((await answer).takenOver).toBe(true)
  })

  test('a store that refuses every condition: an error', async () => {
    const { store, time, take } = await open()
    await (await take('r0')).release()
    const refusing = { ...store, put: () => Promise.reject(new DwhError('CONFLICT', 'no')) }
    time.onWait(() => setImmediate(() => time.pass(CONFLICT_PAUSE_MS)))
    await expect(take('r1', {}, refusing)).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: expect.stringContaining('Run again later'),
    })
  })

  test('a lease that its holder slept through, or that another run has: ends early', async () => {
    const { store, time, take } = await open()
    const slept = await take('r1')
    // three quarters of the lease
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
  ])('a lease that is over, store as %s: nothing is written through it, and reading goes on', async (_, as) => {
    const { store, time, take } = await open()
    const lease = await take('r1')
    const held = whileHeld(as(store), lease)
    await held.put('a', Buffer.from('1'))
    time.pass(TTL_MS)
    for (const write of [
      () => held.put('a', Buffer.from('2')),
      () => held.putFile('a', '/dev/null'),
      () => held.copy('a', 'b'),
      () => held.delete('a'),
    ])
      await expect(write()).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await held.get('a'))?.body.toString()).toBe('1')
  })
})
