import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Source } from '@dwh/core'
import { startS3Server } from '@dwh/s3-server'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openWarehouse, type WarehouseSettings } from './index.ts'

const SHOP = `CREATE TABLE customers (id int PRIMARY KEY, name text); INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bo')`

/** Makes a place for a warehouse, and returns the settings that open it. */
type Place = () => Promise<WarehouseSettings>

const PLACES: readonly [string, Place][] = [
  ['a folder', async () => ({ storage: join(await temporaryFolder(), 'lake') })],
  [
    'a bucket',
    async () => {
      const server = await startS3Server({ buckets: ['lake'] })
      onTestFinished(() => server.close())
      const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = server.credential
      return { storage: 's3://lake/shop', s3: { endpoint: server.url, access_key_id, secret_access_key } }
    },
  ],
]

describe.each(PLACES)('a warehouse in %s', (_, place) => {
  test('all methods in order: plan, run, query, another day, verify, repair, prune', async () => {
    const [database, cache, temp] = [await testDatabase(SHOP), await temporaryFolder(), await temporaryFolder()]
    const settings = { ...(await place()), source: database.url, cache, temp, keep: { daily: 1 } }
    let now = new Date('2026-02-17T12:00:00Z')
    const secrets: string[] = []
    const warehouse = await openWarehouse(settings, { clock: () => now, onSecrets: (texts) => secrets.push(...texts) })
    expect((await warehouse.state()).status).toBe('none')
    expect((await warehouse.plan()).tables.map(({ name }) => name)).toEqual(['customers'])
    expect((await warehouse.run()).record).toMatchObject({ status: 'success', date: '2026-02-17' })
    expect(secrets).toContain(decodeURIComponent(new URL(database.url).password))
    now = new Date('2026-02-18T12:00:00Z')
    await database.query(`INSERT INTO customers VALUES (3, 'Cy')`)
    const events: string[] = []
    await warehouse.run({ onEvent: ({ type }) => events.push(type) })
    expect(events).toEqual(expect.arrayContaining(['run-start', 'table-end', 'commit']))
    expect(await warehouse.days()).toEqual(['2026-02-17', '2026-02-18'])
    expect((await warehouse.history(5)).map(({ date }) => date)).toEqual(['2026-02-18', '2026-02-17'])
    expect(Object.keys((await warehouse.tables('2026-02-17')).tables)).toEqual(['customers'])
    for (const [asOf, names] of [
      [undefined, 'Ann Bo Cy'],
      ['2026-02-17', 'Ann Bo'],
    ] as const) {
      const session = await warehouse.session({ asOf })
      const answer = await session.queryAll(`SELECT string_agg(name, ' ' ORDER BY id) AS names FROM customers`)
      expect(answer?.rows).toEqual([{ names }])
      await session.close()
    }
    expect((await warehouse.views()).sql).toContain('CREATE OR REPLACE VIEW')
    expect(await warehouse.verify({ deep: true })).toMatchObject({ problems: [], days: 2 })
    expect(await warehouse.repair()).toMatchObject({ days: [], left: [] })
    expect((await warehouse.prune({ remove: true })).removed.map(({ date }) => date)).toEqual(['2026-02-17'])
    expect(await warehouse.days()).toEqual(['2026-02-18'])
    const found = []
    for await (const finding of warehouse.examine({ timeoutMs: 20_000 })) found.push(finding)
    expect(found.filter(({ status }) => status === 'failed')).toEqual([])
    await warehouse.close()
    await expect(warehouse.run()).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

const rates: Source = {
  open: async () => ({
    info: { source: { kind: 'rates' }, id: null, position: null, takenAt: '2026-02-18T00:00:00Z' },
    parallel: 1,
    tables: async () => [{ schema: 'public', name: 'rates', columns: [{ name: 'currency', type: 'VARCHAR' }] }],
    read: () => ({
      rows: (async function* () {
        yield [['EUR']]
      })(),
    }),
    close: async () => {},
  }),
}

test('source given by a program: read together with the source of the settings', async () => {
  const database = await testDatabase(SHOP)
  const storage = join(await temporaryFolder(), 'lake')
  const temp = await temporaryFolder()
  const warehouse = await openWarehouse(
    { storage, temp, source: database.url },
    { sources: { api: { source: rates } } },
  )
  const { record } = await warehouse.run()
  expect(Object.keys(record.tables).sort()).toEqual(['customers', 'rates'])
  const session = await warehouse.session()
  expect((await session.queryAll('SELECT currency FROM rates'))?.rows).toEqual([{ currency: 'EUR' }])
  await session.close()
})

test('no source: queries work, and a run says what to set', async () => {
  const warehouse = await openWarehouse(join(await temporaryFolder(), 'lake'))
  await expect(warehouse.run()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    hint: expect.stringContaining('DATABASE_URL'),
  })
  await expect(warehouse.tables()).rejects.toThrow('no warehouse here yet')
  expect((await warehouse.state()).status).toBe('none')
})

test('folder on a web server: queried like any other, for any day, and never written', async () => {
  const [storage, cache, temp] = [
    join(await temporaryFolder(), 'lake'),
    await temporaryFolder(),
    await temporaryFolder(),
  ]
  const database = await testDatabase(SHOP)
  const written = await openWarehouse({ storage, temp, source: database.url })
  await written.run({ date: '2026-02-17' })
  await written.run({ date: '2026-02-18' })
  const server = createServer(async ({ url = '' }, response) => {
    const body = await readFile(join(storage, decodeURIComponent(url))).catch(() => null)
    response.writeHead(body === null ? 404 : 200, { 'content-length': body?.length ?? 0 }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const warehouse = await openWarehouse({ storage: url, cache, temp, source: database.url })
  for (const asOf of [undefined, '2026-02-17']) {
    const session = await warehouse.session({ asOf })
    expect((await session.queryAll('SELECT count(*) AS n FROM customers'))?.rows).toEqual([{ n: 2 }])
    await session.close()
  }
  expect((await warehouse.views()).sql).toMatch(
    new RegExp(`${url}/_dwh/parts/customers/2026/02/1[78]-\\w+-\\w+\\.parquet`),
  )
  const refused = { code: 'STORE_DENIED', hint: expect.stringContaining('the folder or the bucket itself') }
  await expect(warehouse.run()).rejects.toMatchObject(refused)
  expect(await warehouse.days()).toEqual(['2026-02-17', '2026-02-18'])
  expect(await written.verify()).toMatchObject({ problems: [] })
})
