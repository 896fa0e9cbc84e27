import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ObjectStore, STATE_KEY, type TableEntry } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import {
  clean,
  type Published,
  publishRun,
  readRecoveredState,
  readState,
  stageFile,
  takeLease,
  whileHeld,
} from './index.ts'

const NOW = new Date('2026-02-18T03:00:00Z')
const DATE = '2026-02-18'
const KEY = 'a/2026/02/18.parquet'
const OVER = { code: 'CONFLICT', context: { leaseOver: true } }

/** Returns a store that is guarded by a lease, and `sleep`, which lets more time pass than the lease lasts. */
async function leased(store: ObjectStore): Promise<{ held: ObjectStore; sleep: () => void }> {
  let now = NOW
  const lease = await takeLease(store, { owner: 'r1', clock: () => now, ttlMs: 60_000 })
  const sleep = () => {
    now = new Date(now.getTime() + 60_000)
  }
  return { held: whileHeld(store, lease), sleep }
}

async function stageAndPublish(store: ObjectStore, beforeCommit: () => void = () => {}): Promise<Published> {
  const base = await readRecoveredState(store)
  const path = join(await temporaryFolder(), 'a')
  await writeFile(path, 'A1')
  await stageFile(store, 'r1', KEY, path)
  const sha256 = createHash('sha256').update('A1').digest('hex')
  const a: TableEntry = {
    source: { name: 'default', schema: 'public', table: 'a' },
    run_id: 'r1',
    date: DATE,
    mode: 'snapshot',
    snapshot: { id: null, position: null, taken_at: NOW.toISOString() },
    files: [{ key: KEY, rows: 1, bytes: 2, sha256 }],
    columns: [],
    proof: { level: 'counts', rows: 1 },
    schema_hash: 'x',
    primary_key: [],
    watermark: null,
    lossy_conversions: {},
  }
  const publication = { runId: 'r1', date: DATE, tables: { a }, failed: {}, dropped: [], sources: {}, previous: null }
  beforeCommit()
  return publishRun(store, base, { ...publication, startedAt: NOW, now: NOW })
}

/** Calls `then` once `etl.json` has been written. */
function afterCommit(store: ObjectStore, then: () => void): ObjectStore {
  return {
    ...store,
    async put(key, ...rest) {
      const info = await store.put(key, ...rest)
      if (key === STATE_KEY) then()
      return info
    },
  }
}

describe('a run that wakes after its lease is over', () => {
  test('while it removes orphans: ends, and does not retry for ever', async () => {
    const store = localStore({ path: await temporaryFolder() })
    const { held, sleep } = await leased(store)
    await store.put('_dwh/stage/r0/left', new Uint8Array())
    sleep()
    await expect(clean(held, { now: NOW, raiseToken: false })).rejects.toMatchObject(OVER)
    expect(await store.head('_dwh/stage/r0/left')).not.toBeNull()
  })

  test('before its commit: certain that nothing was published', async () => {
    const store = localStore({ path: await temporaryFolder() })
    const { held, sleep } = await leased(store)
    await expect(stageAndPublish(held, sleep)).rejects.toMatchObject(OVER)
    expect((await readState(store)).state.run_id).toBeNull()
  })

  test('after its commit: published, and the next run finishes it', async () => {
    const store = localStore({ path: await temporaryFolder() })
    const { held, sleep } = await leased(store)
    const published = await stageAndPublish(afterCommit(held, sleep))
    expect(published).toMatchObject({ state: { run_id: 'r1' }, unfinished: OVER })
    expect(await store.head(KEY)).toBeNull()
    expect((await readRecoveredState(store)).state).toMatchObject({ run_id: 'r1', publishing: null })
    expect(await store.head(KEY)).not.toBeNull()
  })
})
