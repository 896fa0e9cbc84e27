import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type ObjectStore, type Source, type TableEntry, wrapStore } from '@dwh/core'
import { readState } from '@dwh/metadata'
import { openParquetWriter } from '@dwh/parquet-writer'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Derive, type RunReport, runPipeline, type TableResult } from './index.ts'

/** Returns a source with one table that records in `told` when it is read and closed. */
function numbers(name: string, told: string[], before: Promise<void> = Promise.resolve()): Source {
  return {
    open: async () => ({
      info: { source: { kind: name }, id: null, position: null, takenAt: '2026-02-18T00:00:00Z' },
      parallel: 1,
      tables: async () => [{ schema: 'public', name, columns: [{ name: 'n', type: 'INTEGER' }] }],
      read: () => ({
        rows: (async function* () {
          await before
          told.push(`${name} read`)
          yield [[1], [2], [3]]
        })(),
      }),
      close: async () => void told.push(`${name} closed`),
    }),
  }
}

interface House {
  readonly store: ObjectStore
  run(sources: readonly [string, Source][], derive?: Derive): Promise<RunReport>
}

async function open(remote = false): Promise<House> {
  const [path, tempDirectory] = [await temporaryFolder(), await temporaryFolder()]
  const local = localStore({ path })
  // a bucket has no paths
  const store = remote ? Object.defineProperty(wrapStore(local, {}), 'localPath', { value: undefined }) : local
  const writer = await openParquetWriter({ tempDirectory })
  onTestFinished(() => writer.close())
  return {
    store,
    run: (sources, derive) =>
      runPipeline({
        store,
        sources: Object.fromEntries(sources.map(([name, source]) => [name, { source }])),
        writer,
        tempDirectory,
        clock: () => new Date('2026-02-18T03:00:00Z'),
        random: randomBytes,
        derive,
      }),
  }
}

/** `doubled`: each number of `a`, twice. */
const doubled: Derive = async (results, files) => {
  const [a] = results as Extract<TableResult, { status: 'written' }>[]
  const [file] = a?.entry.files ?? []
  if (!a || !file) throw new Error('a was not read')
  const path = join(files.folder, 'doubled.parquet')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(
    `COPY (SELECT (n * 2)::INTEGER AS n FROM read_parquet('${await files.pathOf(file)}')) TO '${path}' (FORMAT parquet)`,
  )
  connection.closeSync()
  instance.closeSync()
  const stored = await files.store('doubled', path)
  const entry: TableEntry = { ...a.entry, files: [{ rows: file.rows, ...stored }] }
  return [...results, { ...a, name: 'doubled', entry }]
}

async function sumOf(store: ObjectStore, table: string): Promise<string> {
  const { state } = await readState(store)
  const [file] = state.tables[table]?.files ?? []
  const copy = join(await temporaryFolder(), 'copy.parquet')
  await store.getFile(file?.key ?? 'none', copy)
  expect((await readFile(copy)).length).toBe(file?.bytes)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(`SELECT sum(n)::VARCHAR FROM read_parquet('${copy}')`)
  connection.closeSync()
  instance.closeSync()
  return String(reader.getRows()[0]?.[0])
}

describe('derive', () => {
  test.each([
    ['a folder', false],
    ['a store without paths', true],
  ])('derived table: published with its source table, in %s', async (_, remote) => {
    const house = await open(remote)
    const { record } = await house.run([['default', numbers('a', [])]], doubled)
    expect(record).toMatchObject({ status: 'success', tables: { a: { rows: 3 }, doubled: { rows: 3 } } })
    expect([await sumOf(house.store, 'a'), await sumOf(house.store, 'doubled')]).toEqual(['6', '12'])
  })

  test('run on the next day: a derived table is in no source, and stays current', async () => {
    const house = await open()
    await house.run([['default', numbers('a', [])]], doubled)
    const { plan, state } = await house.run([['default', numbers('a', [])]], doubled)
    expect(plan.dropped).toEqual([])
    expect(Object.keys(state.tables).sort()).toEqual(['a', 'doubled'])
    // without `derive`, the table is removed
    const without = await house.run([['default', numbers('a', [])]])
    expect(without.plan.dropped).toEqual(['doubled'])
    expect(Object.keys(without.state.tables)).toEqual(['a'])
  })

  test('derive fails: nothing of the run is published, and the next run is complete', async () => {
    const house = await open()
    const broken: Derive = async (results, files) => {
      await doubled(results, files)
      throw new Error('no such model')
    }
    await expect(house.run([['default', numbers('a', [])]], broken)).rejects.toThrow('no such model')
    const { state } = await readState(house.store)
    expect(state).toMatchObject({
      status: 'none',
      tables: {},
      last_failure: { message: expect.stringContaining('no such model') },
    })
    await house.run([['default', numbers('a', [])]], doubled)
    expect(await sumOf(house.store, 'doubled')).toBe('12')
  })

  test('derive fails a table: the run fails as for a table that could not be read', async () => {
    const house = await open()
    const refuse: Derive = async (results) =>
      results.map(({ name }) => ({ status: 'failed', name, error: Object.assign(new Error('not unique')) as never }))
    await expect(house.run([['default', numbers('a', [])]], refuse)).rejects.toMatchObject({ code: 'RUN_FAILED' })
  })
})

test('sources: each is closed after its own tables, and all before derive', async () => {
  const told: string[] = []
  let tell = () => {}
  const closed = new Promise<void>((resolve) => {
    tell = resolve
  })
  const quick = numbers('a', told)
  const watched: Source = {
    open: async (signal) => {
      const snapshot = await quick.open(signal)
      return {
        ...snapshot,
        close: async () => {
          await snapshot.close()
          tell()
        },
      }
    },
  }
  const house = await open()
  // the second source is read after the first is closed
  const slow = numbers('b', told, closed)
  const derive: Derive = async (results) => {
    told.push('derived')
    return results
  }
  await house.run(
    [
      ['default', watched],
      ['other', slow],
    ],
    derive,
  )
  expect(told).toEqual(['a read', 'a closed', 'b read', 'b closed', 'derived'])
})
