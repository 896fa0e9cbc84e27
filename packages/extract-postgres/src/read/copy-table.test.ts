import { text } from 'node:stream/consumers'
import { isDwhError } from '@dwh/core'
import { testDatabase } from '@dwh/test-kit'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { beginSnapshot, copyTable, listTables, type PgTable } from '../index.ts'

async function setUp(sql: string): Promise<{ client: pg.Client; tables: Map<string, PgTable>; url: string }> {
  const { url } = await testDatabase(sql)
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  await beginSnapshot(client)
  return { client, tables: new Map((await listTables(client)).map((table) => [table.name, table])), url }
}

test('copy: the text after an empty field, the number of rows, a connection ready for the next query', async () => {
  const { client, tables } = await setUp(`CREATE TABLE t (a int, b text);
    INSERT INTO t VALUES (1, NULL), (2, ''), (3, E'a"b\\nc\\\\d'); CREATE TABLE nothing (a int); CREATE TABLE one (a text); INSERT INTO one VALUES (NULL), ('x')`)
  for (let round = 0; round < 2; round += 1) {
    const t = copyTable(client, tables.get('t')!)
    expect(await text(t.bulkText)).toBe('\t1\t\\N\n\t2\t\n\t3\ta"b\\nc\\\\d\n')
    expect(t.sent()).toBe(3)
  }
  const nothing = copyTable(client, tables.get('nothing')!)
  expect(await text(nothing.bulkText)).toBe('')
  expect(nothing.sent()).toBe(0)
  expect(await text(copyTable(client, tables.get('one')!).bulkText)).toBe('\t\\N\n\tx\n')
  expect(await text(copyTable(client, tables.get('t')!, { where: 'a > 2 -- last' }).bulkText)).toMatch(/^\t3\t/)
})

test('server error midway or at the start: the table is named, and the connection stays usable', async () => {
  const { client, tables } = await setUp(`CREATE TABLE t AS SELECT n, 1000 - n AS d FROM generate_series(1, 1000) n;
    CREATE VIEW broken AS SELECT n, 1 / d AS x FROM t`)
  const broken = copyTable(client, tables.get('broken')!)
  const error = await text(broken.bulkText).catch((caught) => caught)
  expect(error).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringMatching(/^broken.*division by zero/) })
  await client.query('ROLLBACK')
  await beginSnapshot(client)
  const t = copyTable(client, tables.get('t')!)
  expect((await text(t.bulkText)).split('\n')).toHaveLength(1001)
  await expect(text(copyTable(client, tables.get('t')!, { where: 'nowhere = 1' }).bulkText)).rejects.toMatchObject({
    message: expect.stringContaining('nowhere'),
  })
})

test('connection lost midway: an error at once, never the end of a table', async () => {
  const { client, tables, url } = await setUp(
    `CREATE TABLE big AS SELECT n, repeat('x', 1000) AS t FROM generate_series(1, 200000) n`,
  )
  const { bulkText, sent } = copyTable(client, tables.get('big')!)
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  let bytes = 0
  const reading = (async () => {
    for await (const chunk of bulkText) {
      if (bytes === 0) {
        const other = new pg.Client({ connectionString: url })
        await other.connect()
        await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
        await other.end()
      }
      bytes += chunk.length
    }
  })()
  const error = await reading.catch((caught) => caught)
  expect(isDwhError(error) && error.message).toMatch(/^big/)
  expect(bytes).toBeLessThan(200_000_000)
  expect(sent()).toBe(-1)
})

test('command tag missing: an error, although every byte arrived', async () => {
  const { client, tables } = await setUp('CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n')
  // simulates that the message that ends a COPY is lost
  client.connection.removeAllListeners('commandComplete')
  const { bulkText, sent } = copyTable(client, tables.get('t')!)
  await expect(text(bulkText)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    message: expect.stringMatching(/^t.*how many/),
  })
  expect(sent()).toBe(-1)
})

test('early exit: the connection is closed, or the rest is read and it stays usable', async () => {
  const { client, tables } = await setUp(
    `CREATE TABLE big AS SELECT n, repeat('x', 1000) AS t FROM generate_series(1, 100000) n`,
  )
  for await (const _ of copyTable(client, tables.get('big')!).bulkText) break
  expect((await client.query('SELECT count(*)::int AS n FROM public.big')).rows).toEqual([{ n: 100_000 }])
  let dropped = false
  const drop = () => {
    dropped = true
    client.connection.stream.destroy()
  }
  for await (const _ of copyTable(client, tables.get('big')!, { drop }).bulkText) break
  expect(dropped).toBe(true)
})

test('slow caller: the server waits; early exit: nothing stays open', async () => {
  const { client, tables } = await setUp(
    `CREATE TABLE big AS SELECT n, repeat('x', 1000) AS t FROM generate_series(1, 300000) n`,
  )
  const before = process.memoryUsage().rss
  const { bulkText } = copyTable(client, tables.get('big')!)
  for await (const _ of bulkText) {
    await new Promise((resolve) => setTimeout(resolve, 1500))
    break
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
})
