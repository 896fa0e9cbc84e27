import { createHash } from 'node:crypto'
import { readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { quoteLiteral, STATE_KEY, type TableEntry } from '@dwh/core'
import { serialise } from '@dwh/metadata'
import { openSession } from '@dwh/query'
import { startS3Server } from '@dwh/s3-server'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openWarehouse, type WarehouseSettings } from '../index.ts'

const SHOP = `
  CREATE TABLE orders (id int PRIMARY KEY, tags text[], data jsonb, key uuid, at timestamptz, paid numeric(10,2));
  INSERT INTO orders SELECT i, ARRAY['a', NULL], '{"a": [1, 2]}', gen_random_uuid(), now(), 1.5
    FROM generate_series(1, 1000) i;
  CREATE SCHEMA billing; CREATE TABLE billing.bills AS SELECT 7 AS id`

interface Place {
  readonly settings: WarehouseSettings
  /** Opens the same warehouse for reading only. */
  readonly read: WarehouseSettings
}

const inFolder = async (): Promise<Place> => {
  const settings = { storage: join(await temporaryFolder(), 'lake') }
  return { settings, read: settings }
}

const inBucket = async (): Promise<Place & { readonly server: Awaited<ReturnType<typeof startS3Server>> }> => {
  const server = await startS3Server({ buckets: ['lake'] })
  onTestFinished(() => server.close())
  const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = server.credential
  const settings = { storage: 's3://lake/shop', s3: { endpoint: server.url, access_key_id, secret_access_key } }
  return { settings, read: settings, server }
}

const onTheWeb = async (): Promise<Place> => {
  const { settings } = await inFolder()
  const server = createServer(async ({ url = '' }, response) => {
    const body = await readFile(join(settings.storage as string, decodeURIComponent(url))).catch(() => null)
    response.writeHead(body === null ? 404 : 200, { 'content-length': body?.length ?? 0 }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  return { settings, read: { storage: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }
}

/** Makes a warehouse with these days, and opens it in a working folder of its own. */
async function published(place: Place, { days = ['2026-02-18'], sql = SHOP } = {}) {
  const [database, cwd, temp] = [await testDatabase(sql), await temporaryFolder(), await temporaryFolder()]
  const own = { temp, cache: await temporaryFolder() }
  const writing = await openWarehouse({ ...place.settings, ...own, source: database.url })
  for (const date of days) {
    await writing.run({ date })
    await database.query('DELETE FROM orders WHERE id % 2 = 0').catch(() => {})
  }
  await writing.close()
  const warehouse = await openWarehouse({ ...place.read, ...own }, { cwd })
  return { warehouse, writing, cwd, temp }
}

const sha256Of = (body: Uint8Array) => createHash('sha256').update(body).digest('hex')

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

/** Runs a query that names its files itself. */
async function rowsOf(sql: string): Promise<unknown[][]> {
  const open = async () => {
    throw new Error('there are no tables')
  }
  const session = await openSession({ tables: {}, files: { open } })
  try {
    return ((await session.queryAll(sql))?.rows ?? []).map((row) => Object.values(row))
  } finally {
    await session.close()
  }
}

/** The files that this process holds open, below a folder. */
async function openBelow(folder: string): Promise<string[]> {
  const fds = await readdir('/proc/self/fd')
  const paths = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return paths.filter((path) => path.startsWith(folder))
}

describe.each([
  ['a folder', inFolder],
  ['a bucket', inBucket],
  ['a web server', onTheWeb],
])('export from %s', (_, place) => {
  test('a day between two: the file of the day before, byte for byte, also as a stream', async () => {
    const { warehouse, cwd, temp } = await published(await place(), { days: ['2026-02-16', '2026-02-18'] })
    const [file] = (await warehouse.tables('2026-02-16')).tables.orders?.files ?? []
    const orders = await warehouse.export({ table: 'orders', asOf: '2026-02-17' })
    expect(orders).toMatchObject({
      ...{ table: 'orders', day: '2026-02-16', askedDay: '2026-02-17', rows: 1000 },
      fileName: 'orders-2026-02-16.parquet',
    })
    const path = join(cwd, 'orders-2026-02-16.parquet')
    expect(await orders.toFile()).toEqual({ path, bytes: file?.bytes, sha256: file?.sha256 })
    const written = await readFile(path)
    expect(sha256Of(written)).toBe(file?.sha256)
    expect(await joined(orders.bytes())).toEqual(written)
    for await (const piece of orders.bytes()) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    expect(await readdir(cwd)).toEqual(['orders-2026-02-16.parquet'])
    expect(await readdir(temp)).toEqual([])
    await warehouse.close()
  })

  test('no day: the current version, in the place of an old file; names as in SQL', async () => {
    const { warehouse, cwd } = await published(await place(), { days: ['2026-02-16', '2026-02-18'] })
    await writeFile(join(cwd, 'out'), 'old')
    const orders = await warehouse.export({ table: 'public.orders' })
    expect(orders).toMatchObject({ table: 'orders', day: '2026-02-18', askedDay: null, rows: 500 })
    await orders.toFile('out')
    expect(await rowsOf(`SELECT count(*)::INT FROM read_parquet(${quoteLiteral(join(cwd, 'out'))})`)).toEqual([[500]])
    const bills = await warehouse.export({ table: 'billing.bills' })
    expect((await bills.toFile()).path).toBe(join(cwd, 'billing.bills-2026-02-18.parquet'))
  })
})

test('a table or day that is not there: an error that names what was meant', async () => {
  const { warehouse } = await published(await inFolder(), { days: ['2026-02-16'] })
  const refused = (table: string, asOf?: string) =>
    warehouse.export({ table, asOf }).then(
      () => null,
      ({ code, message, hint }) => ({ code, message, hint }),
    )
  expect(await refused('ordrs')).toEqual({
    code: 'CONFIG_INVALID',
    message: 'ordrs: no such table in the warehouse',
    hint: 'Did you mean "orders"? `dwh tables` lists the tables.',
  })
  expect(await refused('bills', '2026-02-20')).toMatchObject({
    message: 'bills: no such table in the warehouse as of 2026-02-16',
    hint: expect.stringContaining('`dwh tables --as-of 2026-02-16` lists the tables.'),
  })
  for (const table of ['', 'constructor', 'a.b.c', '"orders', '*'])
    expect(await refused(table), table).toMatchObject({ code: 'CONFIG_INVALID' })
  expect(await refused('orders', '2026-02-15')).toMatchObject({
    message: 'as of 2026-02-15: the first day of the warehouse is 2026-02-16',
  })
  expect(await refused('orders', 'latest')).toMatchObject({ message: 'date "latest": not a day' })
})

test('a table that is not of the day, or has left: the hint says of which day it is', async () => {
  const place = await inFolder()
  const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS id; CREATE TABLE b AS SELECT 1 AS id')
  const warehouse = await openWarehouse({ ...place.settings, source: database.url, temp: await temporaryFolder() })
  await warehouse.run({ date: '2026-02-16' })
  await warehouse.run({ date: '2026-02-17', tables: ['a'] })
  await expect(warehouse.export({ table: 'b', asOf: '2026-02-17' })).rejects.toMatchObject({
    message: 'b: no such table in the warehouse as of 2026-02-17',
    hint: expect.stringContaining('Its latest version is of 2026-02-16.'),
  })
  expect(await warehouse.export({ table: 'b' })).toMatchObject({ day: '2026-02-16', rows: 1 })
  await database.query('DROP TABLE b')
  await warehouse.run({ date: '2026-02-18' })
  await expect(warehouse.export({ table: 'b' })).rejects.toMatchObject({
    hint: expect.stringContaining('It has left the warehouse: give an earlier day'),
  })
  expect(await warehouse.export({ table: 'b', asOf: '2026-02-16' })).toMatchObject({ rows: 1 })
})

test('hostile names of tables: files in the working folder, each with its own name', async () => {
  const names = ['../../etc/x', '-rf', 'a.b', 'say "hi"', '__proto__', 'été\n', 'x'.repeat(63), '*']
  const sql = names.map((name, i) => `CREATE TABLE "${name.replaceAll('"', '""')}" AS SELECT ${i} AS id;`).join('\n')
  const { warehouse, cwd } = await published(await inFolder(), { sql })
  for (const table of Object.keys((await warehouse.tables()).tables)) await (await warehouse.export({ table })).toFile()
  const files = await readdir(cwd)
  expect(files).toHaveLength(names.length)
  for (const file of files) expect(file).toMatch(/^[\w.~%-]+-2026-02-18\.parquet$/)
})

describe('a file that is not what its manifest says', () => {
  test.each(['removed', 'cut', 'changed'])(
    '%s: DAMAGED with its name and what helps; nothing is written',
    async (how) => {
      const place = await inFolder()
      const { warehouse, cwd, temp } = await published(place)
      const [file] = (await warehouse.tables()).tables.orders?.files ?? []
      if (!file) throw new Error('no file')
      const path = join(place.settings.storage as string, file.key)
      const orders = await warehouse.export({ table: 'orders' })
      // from now on it counts as verified
      await orders.toFile()
      const { mtime } = await stat(path)
      const body = await readFile(path)
      body[100] = (body[100] ?? 0) ^ 1
      if (how === 'removed') await rm(path)
      else await writeFile(path, how === 'cut' ? body.subarray(1) : body)
      if (how === 'changed') await utimes(path, mtime, mtime)
      await writeFile(join(cwd, 'out'), 'old')
      const expected = {
        code: 'DAMAGED',
        message: expect.stringContaining(file.key),
        hint: expect.stringMatching(/`dwh verify`[\s\S]*`dwh repair`[\s\S]*backup/),
      }
      await expect(orders.toFile('out')).rejects.toMatchObject(expected)
      await expect(joined(orders.bytes())).rejects.toMatchObject(expected)
      expect(await readFile(join(cwd, 'out'), 'utf8')).toBe('old')
      expect((await readdir(cwd)).sort()).toEqual(['orders-2026-02-18.parquet', 'out'])
      expect(await readdir(temp)).toEqual([])
      expect(await openBelow(place.settings.storage as string)).toEqual([])
    },
  )

  test('damaged in transit from a bucket: DAMAGED, nothing is written, and no byte of it is streamed', async () => {
    const place = await inBucket()
    const { warehouse, cwd, temp } = await published(place)
    place.server.script({
      when: ({ key, operation }) => operation === 'GetObject' && key.endsWith('.parquet'),
      do: { corruptAt: 100 },
    })
    const orders = await warehouse.export({ table: 'orders' })
    await expect(orders.toFile()).rejects.toMatchObject({ code: 'DAMAGED', hint: expect.stringContaining('verify') })
    let streamed = 0
    const read = async () => {
      for await (const { length } of orders.bytes()) streamed += length
    }
    await expect(read()).rejects.toMatchObject({ code: 'DAMAGED' })
    expect(streamed).toBe(0)
    expect(await readdir(cwd)).toEqual([])
    expect(await readdir(temp)).toEqual([])
  })
})

test('a target that cannot be written: refused before anything is downloaded', async () => {
  const place = await inBucket()
  const { warehouse, cwd } = await published(place)
  const orders = await warehouse.export({ table: 'orders' })
  place.server.requests.length = 0
  for (const to of ['.', 'none/orders.parquet', join(cwd, 'x'.repeat(300))])
    await expect(orders.toFile(to)).rejects.toMatchObject({ code: 'CONFIG_INVALID', hint: expect.any(String) })
  expect(place.server.requests).toEqual([])
  expect(await readdir(cwd)).toEqual([])
})

test.each(['GetObject', 'HeadObject'])(
  'stopped while the bucket hangs in %s: ABORTED, and nothing is left',
  async (operation) => {
    const place = await inBucket()
    const { warehouse, cwd, temp } = await published(place)
    const hanging = place.server.script({
      when: (request) => request.operation === operation && request.key.endsWith('.parquet'),
      do: { hang: 'answer' },
    })
    const stop = new AbortController()
    const orders = await warehouse.export({ table: 'orders', signal: stop.signal })
    void hanging.reached.then(() => stop.abort())
    await expect(orders.toFile()).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(joined(orders.bytes())).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await readdir(cwd)).toEqual([])
    expect(await readdir(temp)).toEqual([])
  },
)

test('a bucket: a file that a query has downloaded is not downloaded again', async () => {
  const place = await inBucket()
  const { warehouse, cwd } = await published(place)
  const session = await warehouse.session()
  await session.queryAll('FROM orders')
  await session.close()
  place.server.requests.length = 0
  await (await warehouse.export({ table: 'orders' })).toFile()
  expect(place.server.requests.filter(({ key }) => key.endsWith('.parquet'))).toEqual([])
  expect(await readdir(cwd)).toEqual(['orders-2026-02-18.parquet'])
})

describe.each([
  ['a folder', inFolder],
  ['a bucket', inBucket],
])('a table of several files, in %s', (_, where) => {
  /** Makes the files of two days one table; `rows`: how many the first is said to have. */
  async function ofTwoFiles(rows?: number) {
    const place = await where()
    const made = await published(place, { days: ['2026-02-17', '2026-02-18'] })
    const [before, after] = [await made.warehouse.tables('2026-02-17'), await made.warehouse.tables()]
    const [first] = before.tables.orders?.files ?? []
    const orders = after.tables.orders as TableEntry
    if (!first) throw new Error('no file')
    const files = [{ ...first, rows: rows ?? first.rows }, ...orders.files]
    const state = { ...after.state, tables: { ...after.tables, orders: { ...orders, files } } }
    await made.writing.store.put(STATE_KEY, serialise(state))
    return { ...made, single: before }
  }

  test('merged into one, with the same schema', async () => {
    const { warehouse, cwd, temp } = await ofTwoFiles()
    const orders = await warehouse.export({ table: 'orders' })
    expect(orders.rows).toBe(1500)
    const { path, bytes, sha256 } = await orders.toFile()
    const body = await readFile(path)
    expect([body.length, sha256Of(body)]).toEqual([bytes, sha256])
    const one = join(cwd, 'one.parquet')
    await (await warehouse.export({ table: 'orders', asOf: '2026-02-17' })).toFile(one)
    const schema = (file: string) =>
      rowsOf(`SELECT name, type, type_length, repetition_type, num_children, converted_type, scale, precision, field_id,
        logical_type FROM parquet_schema(${quoteLiteral(file)})`)
    expect(await schema(path)).toEqual(await schema(one))
    const values = (file: string) => `SELECT * FROM read_parquet(${quoteLiteral(file)})`
    expect(
      await rowsOf(`SELECT count(*)::INT, count(DISTINCT id)::INT, count(DISTINCT key)::INT
      FROM (${values(path)})`),
    ).toEqual([[1500, 1000, 1000]])
    expect(await rowsOf(`${values(path)} EXCEPT ${values(one)}`)).toEqual([])
    expect((await joined(orders.bytes())).length).toBeGreaterThan(0)
    expect(await readdir(temp)).toEqual([])
  })

  test('files with other rows than the manifest says: an error, and nothing is written', async () => {
    const { warehouse, cwd, temp } = await ofTwoFiles(7)
    await expect((await warehouse.export({ table: 'orders' })).toFile()).rejects.toMatchObject({ code: 'PROOF_FAILED' })
    expect(await readdir(cwd)).toEqual([])
    expect(await readdir(temp)).toEqual([])
  })
})
