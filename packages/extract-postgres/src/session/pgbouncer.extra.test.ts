import { execFile } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { SourceSnapshot } from '@dwh/core'
import { startPgbouncer, startTestServer, temporaryFolder, testDatabase, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { type ConnectionKeywords, postgresSource } from '../index.ts'

const NAMES = Array.from({ length: 6 }, (_, i) => `t${i}`)
const TABLES = NAMES.map((name) => `CREATE TABLE ${name} AS SELECT g FROM generate_series(1, 3000) g`).join(';')

/** A database behind a pooler with `settings`. */
async function pooled(settings: Record<string, string | number>): Promise<ConnectionKeywords> {
  const database = await testDatabase(TABLES)
  const { hostname, port, username, password } = new URL(database.url)
  const pooler = await startPgbouncer({ hosts: [hostname], port: Number(port), user: username, password }, settings)
  onTestFinished(() => pooler.stop())
  return { host: pooler.host, port: pooler.port, user: username, password, dbname: database.name, connect_timeout: 1 }
}

async function open(connection: ConnectionKeywords, parallel = 4): Promise<[SourceSnapshot, string[]]> {
  const notes: string[] = []
  const snapshot = await postgresSource({ connection, parallel, onNote: (note) => notes.push(note) }).open()
  onTestFinished(() => snapshot.close())
  return [snapshot, notes]
}

async function counts(snapshot: SourceSnapshot): Promise<number[]> {
  return Promise.all(
    (await snapshot.tables()).map(async (table) => {
      let n = 0
      for await (const batch of snapshot.read(table).rows) n += batch.length
      return n
    }),
  )
}

const ALL = NAMES.map(() => 3000)

test('pooler: one snapshot over several connections, no settings left behind', async () => {
  const connection = await pooled({ default_pool_size: 5 })
  const [snapshot, notes] = await open(connection)
  expect(await counts(snapshot)).toEqual(ALL)
  await snapshot.close()
  const { host, port, user, password, dbname } = connection
  await withClient(`postgres://${user}:${password}@${host}:${port}/${dbname}`, async (client) => {
    for (let i = 0; i < 5; i += 1) {
      const { rows } =
        await client.query(`SELECT current_setting('search_path') AS path, current_setting('DateStyle') AS d,
        current_setting('extra_float_digits') AS digits, current_setting('row_security') AS security`)
      expect(rows).toEqual([{ path: '"$user", public', d: 'ISO, MDY', digits: '1', security: 'on' }])
    }
  })
  expect(notes).toEqual([])
})

test('pool of one: its connection holds the snapshot and reads', async () => {
  const [snapshot, notes] = await open(await pooled({ default_pool_size: 1 }))
  expect(await counts(snapshot)).toEqual(ALL)
  expect(notes).toEqual([
    expect.stringMatching(
      /no answer to BEGIN within 1 s\): the tables are read one after another, on the connection that/,
    ),
  ])
})

test('pool of two: a table waits for another, beyond the timeout for the pooler', async () => {
  const [snapshot, notes] = await open(await pooled({ default_pool_size: 2 }))
  const [first] = await snapshot.tables()
  const reading = snapshot.read(first!).rows[Symbol.asyncIterator]()
  await reading.next()
  const all = counts(snapshot)
  const note = /no answer to BEGIN within 1 s\): the tables are read on 1 connection beside the one that holds/
  await expect.poll(() => notes).toEqual([expect.stringMatching(note)])
  await reading.return?.()
  expect(await all).toEqual(ALL)
  expect(notes).toHaveLength(1)
})

test('client limit reached: reads with the connections it has', async () => {
  const [snapshot, notes] = await open(await pooled({ default_pool_size: 5, max_client_conn: 2 }))
  expect(await counts(snapshot)).toEqual(ALL)
  expect(notes).toEqual([expect.stringMatching(/no more connections allowed.*read on 1 connection/)])
})

test('startup parameter that the pooler refuses: an error with a hint', async () => {
  await expect(open({ ...(await pooled({})), options: '-c work_mem=5MB' })).rejects.toMatchObject({
    code: 'SOURCE_DENIED',
    message: expect.stringContaining('unsupported startup parameter'),
    hint: expect.stringContaining('ignore_startup_parameters'),
  })
})

test('several servers behind a pooler: all tables are read on the one with the snapshot', async () => {
  const [first, second] = [await temporaryFolder(), await temporaryFolder()]
  for (const folder of [first, second]) await chmod(folder, 0o755)
  const before = await startTestServer({ folder: first })
  await withClient(before.url(), (client) => client.query(TABLES))
  await before.stop()
  await promisify(execFile)('cp', ['-a', `${first}/.`, second])
  const one = await startTestServer({ folder: first })
  onTestFinished(() => one.stop())
  const two = await startTestServer({
    folder: second,
    settings: { listen_addresses: '127.0.0.2', port: String(one.port) },
  })
  onTestFinished(() => two.stop())
  const { port, user, password } = one
  const pooler = await startPgbouncer({ hosts: ['127.0.0.1', '127.0.0.2'], port, user, password }, {})
  onTestFinished(() => pooler.stop())
  const connection = { host: pooler.host, port: pooler.port, user, password, dbname: 'postgres' }
  const [snapshot, notes] = await open(connection)
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    await withClient(`postgres://${user}:${password}@${host}:${port}/postgres`, (client) =>
      client.query('INSERT INTO t0 VALUES (0)'),
    )
  }
  expect(await counts(snapshot)).toEqual(ALL)
  expect(notes).toEqual([expect.stringMatching(/^connections lead to different servers.*one after another/)])
})
