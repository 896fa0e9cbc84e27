import { copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ObjectStore } from '@dwh/core'
import { readState } from '@dwh/metadata'
import { describe, expect, test } from 'vitest'
import { verifyWarehouse } from './index.ts'
import { keysOf, seededRandom, type TestHouse, testHouse } from './test-support.ts'

const verify = (house: TestHouse, more: Partial<Parameters<typeof verifyWarehouse>[0]> = {}) =>
  verifyWarehouse({ store: house.store, tempDirectory: house.temp, random: seededRandom(1), ...more })

async function threeDays(): Promise<TestHouse> {
  const house = await testHouse()
  await house.run('2026-02-27', { a: [1], b: [1, 2], gone: [7] })
  await house.run('2026-02-28', { a: [1, 2], b: [] })
  await house.run('2026-03-01', { a: [1, 2, 3], b: [5] })
  await house.run('2026-03-01', { a: [1, 2, 3, 4], b: [5] }, { only: ['a'] })
  return house
}

describe('an intact warehouse', () => {
  test('every file is read, and nothing is wrong', async () => {
    const house = await threeDays()
    const report = await verify(house, { deep: house.writer })
    // files that the last run replaced are retained for readers, who check every byte themselves
    expect(report).toMatchObject({ days: 3, files: 7, read: 7, problems: [], orphans: [], unknown: [] })
  })

  test('a sample: only some files are read whole', async () => {
    const house = await threeDays()
    expect(await verify(house, { sample: 0 })).toMatchObject({ files: 7, read: 0, bytes: 0, problems: [] })
    const { read } = await verify(house, { sample: 0.5 })
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThan(7)
  })

  test('no warehouse yet: no problems', async () => {
    expect(await verify(await testHouse())).toMatchObject({ days: 0, files: 0, problems: [] })
  })

  test('a note beside the tables: unknown; objects of an interrupted run: orphans', async () => {
    const house = await threeDays()
    await house.store.put('notes.txt', Buffer.from('x'))
    await house.store.put('_dwh/parts/a/2026/03/01-20260301T000000Z-00.parquet', Buffer.from('x'))
    expect(await verify(house)).toMatchObject({
      problems: [],
      unknown: ['notes.txt'],
      orphans: ['_dwh/parts/a/2026/03/01-20260301T000000Z-00.parquet'],
    })
  })
})

test('today’s file is lost or damaged: the next run repairs the warehouse', async () => {
  const house = await threeDays()
  const { a = '', b = '' } = (await keysOf(house, '2026-03-01')).files
  await rm(join(house.path, a))
  await writeFile(join(house.path, b), 'x')
  expect((await verify(house)).problems.map(({ kind, key }) => [kind, key])).toEqual([
    ['missing', a],
    ['damaged', b],
  ])
  await house.run('2026-03-01', { a: [1], b: [2] })
  expect((await verify(house)).problems).toEqual([])
})

test('a plain copy that is lost, of another file, or a copy of the same bytes: the first two are problems', async () => {
  const house = await threeDays()
  const path = (key: string) => join(house.path, key)
  await rm(path('a/2026/02/27.parquet'))
  const other = await readFile(path('b/2026/02/27.parquet'))
  await rm(path('b/2026/02/27.parquet'))
  await writeFile(path('b/2026/02/27.parquet'), other.fill(0, 20, 24))
  await cp(path('gone/2026/02/27.parquet'), path('gone/copied'))
  await rename(path('gone/copied'), path('gone/2026/02/27.parquet'))
  expect((await verify(house)).problems.map(({ kind, key }) => [kind, key])).toEqual([
    ['missing', 'a/2026/02/27.parquet'],
    ['differs', 'b/2026/02/27.parquet'],
  ])
})

test('deep: a file with the right bytes and the wrong values, damaged', async () => {
  const house = await testHouse()
  await house.run('2026-03-01', { a: [1, 2, 3] })
  const { list, files } = await keysOf(house, '2026-03-01')
  expect(JSON.parse(await readFile(join(house.path, list), 'utf8')).tables.a.proof.level).toBe('counts')
  const inspect = async (path: string) => ({ ...(await house.writer.inspect(path)), rows: 2 })
  const { problems } = await verify(house, { deep: { inspect, prove: house.writer.prove } })
  expect(problems).toEqual([{ kind: 'damaged', key: files.a, message: `${files.a}: 2 rows, not 3` }])
})

test('an object that an older list names is removed while it is read: looked up again, and no problem', async () => {
  const house = await threeDays()
  const before = await keysOf(house, '2026-03-01')
  let runs = 0
  const store = beforeReading(house, async (key) => {
    if (runs > 0 || !Object.values(before.files).includes(key)) return
    for (const now of ['2026-03-03T03:00:00Z', '2026-03-05T03:00:00Z']) {
      runs += 1
      house.setNow(now)
      await house.run('2026-03-01', { a: [runs], b: [runs] })
    }
    expect(await house.store.head(key)).toBeNull()
  })
  expect((await verify(house, { store })).problems).toEqual([])
  expect(runs).toBe(2)
})

describe('runs are in progress', () => {
  async function damagedHouse() {
    const house = await threeDays()
    const damagedKey = (await keysOf(house, '2026-02-28')).files.a ?? ''
    await damage(join(house.path, damagedKey), 'flip', seededRandom(1))
    return { house, damagedKey }
  }

  test('damage in a small sample: still reported after etl.json has changed', async () => {
    const { house, damagedKey } = await damagedHouse()
    let changed = false
    const store = beforeReading(house, async (key) => {
      if (changed || key !== damagedKey) return
      changed = true
      await house.run('2026-03-01', { a: [1], b: [2] })
    })
    const { problems, read } = await verify(house, { store, sample: 0.05, random: () => (changed ? 0.99 : 0) })
    expect(problems).toMatchObject([{ kind: 'damaged', key: damagedKey }])
    // only the sample counts: files that are checked again are not counted again
    expect(read).toBe(4)
  })

  test('a run replaces the day before each pass: replaced files are no problem, damaged ones are', async () => {
    const { house, damagedKey } = await damagedHouse()
    let runs = 0
    const store = beforeReading(house, async (key) => {
      if (key !== damagedKey && !key.includes('/2026/03/01')) return
      runs += 1
      await house.run('2026-03-01', { a: [runs, 2, 3, 4], b: [runs] })
    })
    expect((await verify(house, { store })).problems).toMatchObject([{ kind: 'damaged', key: damagedKey }])
    expect(runs).toBeGreaterThan(3)
  })
})

/** Returns the store without local paths, like a bucket; reading a file waits for `before`. */
function beforeReading({ store }: TestHouse, before: (key: string) => Promise<void>): ObjectStore {
  const { localPath: _, ...bucket } = store
  return {
    ...bucket,
    async getFile(key, ...rest) {
      await before(key)
      return bucket.getFile(key, ...rest)
    },
  }
}

const TRIALS = 200

describe('random damage', () => {
  test(`${TRIALS} of ${TRIALS} are found`, async () => {
    const house = await threeDays()
    const random = seededRandom(20260301)
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
    const all = await damageable(house)
    const counts: Record<string, number> = {}
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const kind = pick(['flip', 'truncate', 'remove', 'extra', 'rename'])
      // nothing depends on a record, so a missing one cannot be detected; one object more below parts, days or index is
      // that of a run that did not commit
      const isRecord = (path: string) => path.includes('/runs/')
      const isOfRun = (path: string) => /^_dwh\/(parts|days|index)\//.test(path)
      const fits = (path: string) => !(kind === 'remove' && isRecord(path)) && !(kind === 'extra' && isOfRun(path))
      const path = pick(all.filter(fits))
      const undo = await damage(join(house.path, path), kind, random)
      const { problems } = await verify(house)
      expect([trial, kind, path, problems.length > 0]).toEqual([trial, kind, path, true])
      await undo()
      counts[kind] = (counts[kind] ?? 0) + 1
    }
    expect(Object.keys(counts)).toHaveLength(5)
    expect((await verify(house)).problems).toEqual([])
  })
})

/**
 * Every file that belongs to the warehouse: not the lease, retired objects, the plain copies of `etl.json`, or
 * superseded generations.
 */
async function damageable({ path: root, store }: TestHouse): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const { state } = await readState(store)
  const retired = new Set(state.retired.flatMap(({ keys }) => keys))
  const damageable: string[] = []
  for (const file of files.map((path) => path.slice(root.length + 1)).sort()) {
    if (file === 'etl.json' || file.includes('lock.json') || retired.has(file)) continue
    if ((await readFile(join(root, file))).length > 0) damageable.push(file)
  }
  return damageable
}

async function damage(path: string, kind: string, random: () => number): Promise<() => Promise<void>> {
  const body = await readFile(path)
  const restore = () => writeFile(path, body)
  const isGeneration = path.includes('/generations/')
  switch (kind) {
    case 'flip': {
      const bit = Math.floor(random() * body.length * 8)
      const flipped = Buffer.from(body)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      await writeFile(path, flipped)
      return restore
    }
    case 'truncate':
      await writeFile(path, body.subarray(0, Math.floor(random() * body.length)))
      return restore
    case 'remove':
      await rm(path)
      return restore
    case 'extra': {
      const other = isGeneration ? path.replace(/\d{12}$/, '000000009999') : path.replace(/(\d\d)?\.(\w+)$/, '15.$2')
      await mkdir(dirname(other), { recursive: true })
      await copyFile(path, other)
      if (isGeneration) await writeFile(other, 'garbage')
      return () => rm(other)
    }
    default: {
      const other = isGeneration ? `${path}0` : path.replace(/(\d\d)?\.(\w+)$/, '16.$2')
      await rename(path, other)
      return () => rename(other, path)
    }
  }
}
