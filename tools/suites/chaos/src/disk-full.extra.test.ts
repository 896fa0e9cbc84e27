import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isDwhError, type ObjectStore } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { filesBelow, folderObjects, inShort, makeSandbox, problemsAfter, readEtlText, type Sandbox } from '@dwh/harness'
import { readState } from '@dwh/metadata'
import { openParquetWriter } from '@dwh/parquet-writer'
import { type RunReport, runPipeline } from '@dwh/pipeline'
import { localFiles, openSession, verifiedInMemory } from '@dwh/query'
import { localStore } from '@dwh/storage'
import { type TestDatabase, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cleanLater } from './clean-later.ts'
import { mountSmallDisk } from './small-disk.ts'

const isRoot = process.getuid?.() === 0
const SCHEMA = `CREATE TABLE small AS SELECT i AS id FROM generate_series(1, 100) i;
  CREATE TABLE large AS SELECT i AS id, md5(i::text) || md5((-i)::text) AS text FROM generate_series(1, 40000) i`
const MORE = `INSERT INTO small VALUES (101); INSERT INTO large SELECT i, md5(i::text) FROM generate_series(40001, 50000) i`
const LEASE_MS = 121_000
const FULL = ['No space left', 'free', 'DWH_TMP', 'quota', 'space']

async function counts(store: ObjectStore): Promise<Record<string, number>> {
  const { state } = await readState(store)
  const options = { store, readState: async () => (await readState(store)).state, verified: verifiedInMemory() }
  const session = await openSession({ tables: state.tables, files: localFiles(options) })
  try {
    const found: Record<string, number> = {}
    for (const name of Object.keys(state.tables)) {
      const answer = await session.queryAll(`SELECT count(*) AS n FROM ${name}`)
      found[name] = Number(answer?.rows[0]?.n)
    }
    return found
  } finally {
    await session.close()
  }
}

async function run(database: TestDatabase, store: ObjectStore, temp: string, laterMs = 0): Promise<RunReport> {
  const writer = await openParquetWriter({ tempDirectory: temp })
  try {
    return await runPipeline({
      store,
      sources: { default: { source: postgresSource({ connection: database.url }) } },
      writer,
      tempDirectory: temp,
      clock: () => new Date(Date.now() + laterMs),
      random: randomBytes,
    })
  } finally {
    await writer.close()
  }
}

function objectsOf({ work }: Sandbox) {
  return folderObjects(join(work, 'warehouse'))
}

/** Returns the problems in a sandbox after a failed run that was to add `MORE`, and after the next run. */
function problemsLeft(place: Sandbox, earlier: string | null): Promise<string[]> {
  return problemsAfter({
    objects: objectsOf(place),
    temp: place.temp,
    earlier,
    expected: [40_000],
    async see() {
      const answer = await place.dwh(['query', '--json', 'SELECT count(*)::INT AS n FROM large'])
      return JSON.parse(answer.stdout)[0].n as number
    },
    clean: (laterMs) => cleanLater(localStore({ path: join(place.work, 'warehouse') }), laterMs),
    async runAgain() {
      const ran = await place.dwh(['run'])
      if (ran.code !== 0) throw new Error(inShort(ran))
      return 50_000
    },
  })
}

type Method = 'put' | 'putFile' | 'copy'

/** Wraps a store; its disk is full from the first matching request on. */
function fullFrom(store: ObjectStore, method: Method, key: RegExp, fill: () => Promise<void>): ObjectStore {
  let full = false
  const ask = store[method] as (...args: unknown[]) => Promise<unknown>
  return {
    ...store,
    [method]: async (...args: unknown[]) => {
      const about = method === 'copy' ? args[1] : args[0]
      if (!full && key.test(String(about))) {
        full = true
        await fill()
      }
      return ask(...args)
    },
  }
}

describe.skipIf(!isRoot)('disk full [needs root, to mount a small file system]', () => {
  test.each<[string, Method, RegExp]>([
    ['the first part', 'putFile', /_dwh\/parts\//],
    ['the last part', 'putFile', /_dwh\/parts\/small/],
    ['the list of the day', 'put', /_dwh\/days\//],
    ['the index of the month', 'put', /_dwh\/index\//],
    ['the commit', 'put', /^etl\.json$/],
    ['the plain copies', 'copy', /^(small|large)\//],
    ['the record of the run', 'put', /_dwh\/runs\//],
    ['the lease', 'put', /lock\.json$/],
  ])('%s: STORE_FULL or published, and the next run leaves nothing behind', async (_, method, key) => {
    const database = await testDatabase(SCHEMA)
    const disk = await mountSmallDisk(join(await temporaryFolder(), 'disk'), 32)
    onTestFinished(() => disk.unmount())
    const temp = await temporaryFolder()
    const objects = folderObjects(join(disk.path, 'warehouse'))
    const store = localStore({ path: join(disk.path, 'warehouse') })
    await run(database, store, temp)
    await database.query(MORE)
    const [before, after] = [
      { large: 40_000, small: 100 },
      { large: 50_000, small: 101 },
    ]
    expect(await counts(store)).toEqual(before)
    const earlier = await readEtlText(objects)

    let filled = false
    const fill = async () => {
      filled = true
      await disk.fill()
    }
    const error = await run(database, fullFrom(store, method, key, fill), temp).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(filled).toBe(true)
    if (error !== null) {
      const first = isDwhError(error, 'RUN_FAILED') ? error.cause : error
      expect(isDwhError(first) && first.code, String(error)).toBe('STORE_FULL')
      expect(FULL.some((text) => isDwhError(first) && first.hint?.includes(text))).toBe(true)
    }
    expect(await readdir(temp)).toEqual([])
    const problems = await problemsAfter({
      objects,
      temp,
      earlier,
      // while the disk is still full
      expected: [error === null ? after : before],
      see: () => counts(store),
      clean: (laterMs) => cleanLater(store, laterMs),
      async runAgain() {
        await disk.free()
        // the lease that could not be released has expired by then
        await run(database, store, temp, LEASE_MS)
        return after
      },
    })
    expect(problems).toEqual([])
  })

  test.each([
    ['while DuckDB writes Parquet', 1, {}],
    ['while DuckDB spills', 8, { DWH_MEMORY_LIMIT: '48MB' }],
  ] as const)(
    'the temporary folder, %s: error with a hint, and the next run succeeds',
    async (name, megabytes, env) => {
      const database = await testDatabase(SCHEMA)
      const place = await makeSandbox(await temporaryFolder(), { DATABASE_URL: database.url, ...env })
      expect((await place.dwh(['run'])).code).toBe(0)
      const earlier = await readEtlText(objectsOf(place))
      await database.query(MORE)
      const disk = await mountSmallDisk(join(place.root, 'disk'), megabytes)
      onTestFinished(() => disk.unmount())
      const small = { DWH_TMP: join(disk.path, 'tmp') }
      if (name.includes('spills')) {
        const sql = `SELECT count(DISTINCT (a.id, b.id, md5(a.text || b.text))) FROM large a, large b WHERE a.id < 200`
        const asked = await place.dwh(['query', '--json', sql], small)
        expect(asked.code, asked.stderr).toBe(1)
        expect(JSON.parse(asked.stderr).error.hint, asked.stderr).toBeTruthy()
      } else {
        const ran = await place.dwh(['run', '--json'], small)
        expect(ran.code, ran.stderr).toBe(1)
        const { error } = JSON.parse(ran.stderr.trim().split('\n').at(-1) ?? '')
        expect(error.hint, ran.stderr).toBeTruthy()
        expect(error.message).toMatch(/free|space|full/i)
      }
      const left = (await filesBelow(disk.path)).filter((path) => !path.endsWith('filler'))
      expect(left).toEqual([])
      expect(await problemsLeft(place, earlier)).toEqual([])
    },
  )
})

test('a limit on the size of files (needs no root): error with a hint, and the next run succeeds', async () => {
  const database = await testDatabase(SCHEMA)
  const place = await makeSandbox(await temporaryFolder(), { DATABASE_URL: database.url })
  expect((await place.dwh(['run'])).code).toBe(0)
  const earlier = await readEtlText(objectsOf(place))
  await database.query(MORE)
  const ran = await place.dwh(['run', '--json'], {}, 'ulimit -f 256')
  expect(ran.code, ran.stderr).toBe(1)
  const { error } = JSON.parse(ran.stderr.trim().split('\n').at(-1) ?? '')
  expect(error.hint, ran.stderr).toBeTruthy()
  expect(await readdir(place.temp)).toEqual([])
  expect(await problemsLeft(place, earlier)).toEqual([])
})
