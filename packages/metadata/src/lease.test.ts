import { type ObjectStore, STAGE_PREFIX, STATE_KEY } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clean, type Lease, publishRun, readState, rollForward, takeLease, whileHeld } from './index.ts'

const TTL_MS = 60_000

/** A store, and the lease of a run that sleeps until it has run out. */
async function asleep(): Promise<{ store: ObjectStore; held: ObjectStore; lease: Lease }> {
  const store = localStore({ path: await temporaryFolder() })
  let now = Date.now()
  const lease = await takeLease(store, { owner: 'r1', clock: () => new Date(now), ttlMs: TTL_MS })
  onTestFinished(() => lease.release())
  now += TTL_MS
  return { store, held: whileHeld(store, lease), lease }
}

const publication = {
  runId: 'r1',
  date: '2026-02-18',
  tables: {},
  failed: {},
  dropped: [],
  sources: {},
  previous: null,
  startedAt: new Date(),
  now: new Date(),
}

/** Everything but the lease of the run is as it was. */
const OVER = { code: 'CONFLICT', message: expect.stringContaining('its lease has run out'), context: { lease: 'over' } }

describe('a run wakes up after its lease has run out, and nobody has come by', () => {
  test('before its commit: it ends at once, and knows that nothing was published', async () => {
    const { store, held } = await asleep()
    const base = await readState(store)
    // all but `etl.json` may be written late
    const almost = {
      ...held,
      put: (...args: Parameters<ObjectStore['put']>) => (args[0] === STATE_KEY ? held : store).put(...args),
    }
    await expect(publishRun(almost, base, publication)).rejects.toMatchObject(OVER)
    expect((await readState(store)).etag).toBeNull()
  })

  test('after its commit: putting the files in place ends, and is left to the next run', async () => {
    const { store, held } = await asleep()
    const cut = { ...store, move: () => Promise.reject(new Error('the power goes')) }
    const { state } = await publishRun(cut, await readState(store), publication)
    if (!state.publishing) throw new Error('not being published')
    await expect(rollForward(held, state.publishing)).rejects.toMatchObject(OVER)
    await rollForward(store, state.publishing)
    expect((await readState(store)).state.publishing).toBeNull()
  })

  test('before it removes what others have left: that ends too', async () => {
    const { store, held } = await asleep()
    await store.put(`${STAGE_PREFIX}r0/a`, new Uint8Array(1))
    await expect(clean(held, { now: new Date(), fence: false })).rejects.toMatchObject(OVER)
    expect(await store.head(`${STAGE_PREFIX}r0/a`)).not.toBeNull()
  })
})
