import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ObjectStore } from '@dwh/core'
import { readState } from '@dwh/metadata'
import { startS3Server } from '@dwh/s3-server'
import { localStore, s3Store } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { pruneWarehouse, repairWarehouse, verifyWarehouse } from './index.ts'
import { seededRandom, type TestHouse, testHouse } from './test-support.ts'

/*
 * Tests the backups of docs/backup.md: a program that knows nothing about warehouses copies one, file by file and in
 * any order, while runs replace days, add new ones and remove old ones.
 */

/**
 * Runs continue, two at a time; then they pause until two copies are made. So the first copy is taken while runs write,
 * and the second is not.
 */
function keepRunning(house: TestHouse, pauseMs = 25 * 3_600_000): { copied(): void; stop(): Promise<number> } {
  let [stopped, runs] = [false, 0]
  let [copies, wake] = [0, () => {}]
  const copied = () => {
    copies += 1
    wake()
  }
  const twoCopies = async () => {
    const until = copies + 2
    while (copies < until && !stopped)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  const ended = (async () => {
    for (; !stopped; runs += 1) {
      const rows = Array.from({ length: (runs % 5) + 1 }, (_, i) => runs * 100 + i)
      await house.run(`2026-02-${10 + (runs % 3)}`, { a: rows, b: rows, [`c${runs % 2}`]: rows }, slowly(house))
      if (runs % 4 === 3) await pruneWarehouse({ ...house, keep: { daily: 2 }, remove: true })
      if (runs % 2 === 1) await twoCopies()
      // after 25 hours what was replaced is removed
      house.setNow(new Date(house.clock().getTime() + pauseMs).toISOString())
    }
    return runs
  })()
  // a failing test does not wait for the runs
  ended.catch(() => {})
  return {
    copied,
    stop() {
      stopped = true
      wake()
      return ended
    },
  }
}

/** Returns the store with a pause before each change, so that a copy can read between any two steps. */
function slowly({ store }: TestHouse): { store: ObjectStore } {
  const slow =
    <Given extends unknown[], Answer>(method: (...given: Given) => Promise<Answer>) =>
    async (...given: Given) => {
      await pause(1)
      return method(...given)
    }
  return {
    store: {
      ...store,
      put: slow(store.put),
      copy: slow(store.copy),
      delete: slow(store.delete),
    },
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Copies like `rsync --delete` and `cp -r`, but in random order. Skips files that have gone since they were listed. */
async function copyFolder(from: string, to: string, random: () => number, without: readonly string[]): Promise<void> {
  await rm(to, { recursive: true, force: true })
  const entries = await readdir(from, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(from.length + 1))
  for (const file of shuffled(files, random)) {
    if (without.some((folder) => file.startsWith(folder))) continue
    await mkdir(dirname(join(to, file)), { recursive: true })
    await copyFile(join(from, file), join(to, file)).catch((error) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (random() < 0.3) await pause(1)
  }
}

/** Copies like `aws s3 sync`. */
async function copyObjects(from: ObjectStore, to: ObjectStore, random: () => number): Promise<void> {
  for await (const { key } of to.list('')) await to.delete(key)
  const keys: string[] = []
  for await (const { key } of from.list('')) keys.push(key)
  for (const key of shuffled(keys, random)) {
    const object = await from.get(key)
    if (object) await to.put(key, object.body)
  }
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

async function expectWhole(store: ObjectStore): Promise<void> {
  const { problems, files } = await verifyWarehouse({
    store,
    tempDirectory: await temporaryFolder(),
    random: Math.random,
  })
  expect(problems).toEqual([])
  expect(files).toBeGreaterThan(0)
}

/**
 * Copies as the documentation says: if `etl.json` has changed, or plain copies are pending, copies again. Returns the
 * number of discarded copies.
 */
async function copyUntilStill(readEtl: () => Promise<string>, copy: () => Promise<void>): Promise<number> {
  for (let torn = 0; ; torn += 1) {
    const before = await readEtl()
    await copy()
    const isSettled = before.includes('"copies_pending": []') && before.includes('"status": "success"')
    if (isSettled && (await readEtl()) === before) return torn
  }
}

async function bucketHouse() {
  const server = await startS3Server({ buckets: ['warehouse', 'backup'] })
  onTestFinished(() => server.close())
  const { accessKeyId, secretAccessKey } = server.credential
  const open = (bucket: string) =>
    s3Store({ bucket, endpoint: server.url, credentials: { accessKeyId, secretAccessKey } })
  return { house: await testHouse(open('warehouse')), backup: open('backup') }
}

const COPIES = 6
/** The most copies that may be needed; about every second one is inconsistent. */
const MOST_COPIES = 20 * COPIES

describe('copied until etl.json stays the same', () => {
  test('a folder, while runs continue: each copy is whole, with nothing to repair', async () => {
    const house = await testHouse()
    const random = seededRandom(7)
    const running = keepRunning(house)
    const plain = () => readFile(join(house.path, 'etl.json'), 'utf8').catch(() => '')
    let torn = 0
    for (let copied = 0; copied < COPIES; copied += 1) {
      const path = join(await temporaryFolder(), 'copy')
      torn += await copyUntilStill(plain, async () => {
        await copyFolder(house.path, path, random, ['_dwh/generations/', '_dwh/incoming/'])
        running.copied()
      })
      await expectWhole(localStore({ path }))
    }
    await running.stop()
    // otherwise no copy was taken during a run
    expect(torn).toBeGreaterThan(0)
  })

  test('a bucket, to another bucket and to a folder', async () => {
    const { house, backup } = await bucketHouse()
    const random = seededRandom(11)
    const running = keepRunning(house)
    const etl = async () => new TextDecoder().decode((await house.store.get('etl.json'))?.body)
    for (let copied = 0; copied < COPIES; copied += 1) {
      const to = copied % 2 === 0 ? backup : localStore({ path: await temporaryFolder() })
      await copyUntilStill(etl, async () => {
        await copyObjects(house.store, to, random)
        running.copied()
      })
      await expectWhole(to)
    }
    await running.stop()
  })
})

describe('copied once, at any moment', () => {
  test('etl.json first, within the retention time: all that it names is there; a repair makes the plain copies', async () => {
    const house = await testHouse()
    const random = seededRandom(17)
    await house.run('2026-02-10', { a: [1], b: [1] })
    const running = keepRunning(house, 60_000)
    let torn = 0
    // until some were taken while a run was writing
    for (let copied = 0; torn < COPIES && copied < MOST_COPIES; copied += 1) {
      const path = join(await temporaryFolder(), 'copy')
      const etl = await readFile(join(house.path, 'etl.json'))
      await copyFolder(house.path, path, random, ['_dwh/generations/', '_dwh/incoming/', 'etl.json'])
      await writeFile(join(path, 'etl.json'), etl)
      const isTorn = !etl.equals(await readFile(join(house.path, 'etl.json')))
      running.copied()
      if (!isTorn) continue
      torn += 1
      const store = localStore({ path })
      const { problems } = await verifyWarehouse({ store, tempDirectory: house.temp, random })
      expect(problems.filter(({ key }) => key.startsWith('_dwh/') || key === 'etl.json')).toEqual([])
      await repairWarehouse({ ...house, tempDirectory: house.temp, store, clock: () => new Date() })
      const left = await verifyWarehouse({ store, tempDirectory: house.temp, random })
      // the plain files of later days, which this copy does not know
      expect(left.problems.filter(({ kind }) => kind !== 'extra')).toEqual([])
    }
    await running.stop()
    expect(torn).toBe(COPIES)
  })

  test('without etl.json and _dwh: the Parquet files are whole, and a repair rebuilds the warehouse from them', async () => {
    const house = await testHouse()
    const random = seededRandom(13)
    await house.run('2026-02-10', { a: [1], b: [1] })
    const running = keepRunning(house)
    for (let torn = 0, copies = 0; torn < COPIES; copies += 1) {
      if (copies === MOST_COPIES) {
        // throws the error that ended the runs, if any
        await running.stop()
        throw new Error(`${torn} of ${copies} copies were torn, not ${COPIES}`)
      }
      const path = join(await temporaryFolder(), 'copy')
      await copyFolder(house.path, path, random, [])
      running.copied()
      const store = localStore({ path })
      const { problems } = await verifyWarehouse({ store, tempDirectory: house.temp, random })
      if (problems.length === 0) continue
      torn += 1
      await rm(join(path, 'etl.json'), { force: true })
      await rm(join(path, '_dwh'), { recursive: true, force: true })
      // the real clock: while runs continue, that of the house jumps by days, which is longer than any lease
      const clock = () => new Date()
      expect(await repairWarehouse({ ...house, tempDirectory: house.temp, store, clock })).toMatchObject({
        state: true,
        left: [],
      })
      await expectWhole(store)
    }
    await running.stop()
  })

  test('a copy whose generations were superseded during the copy: an error, and it can be repaired', async () => {
    const house = await testHouse()
    for (const day of ['2026-02-10', '2026-02-11']) await house.run(day, { a: [1, 2], b: [3] })
    for (const key of ['etl.json', '_dwh/lock.json']) {
      const folder = join(house.path, '_dwh/generations', key)
      const [last = ''] = (await readdir(folder)).sort().reverse()
      await writeFile(join(folder, last), '')
    }
    const hint = expect.stringContaining('dwh repair')
    await expect(readState(house.store)).rejects.toMatchObject({ code: 'DAMAGED', hint })
    await expect(house.run('2026-02-12', { a: [1] })).rejects.toMatchObject({ code: 'DAMAGED', hint })
    expect(await repairWarehouse({ ...house, tempDirectory: house.temp })).toMatchObject({ state: true, left: [] })
    await expectWhole(house.store)
    await house.run('2026-02-12', { a: [1], b: [3] })
    await expectWhole(house.store)
  })
})
