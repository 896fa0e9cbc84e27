import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { askFor } from './ask-for.ts'

export interface TestDatabase {
  readonly name: string
  /** The URL for the superuser. */
  readonly url: string
  /** Runs SQL on its own connection; several statements if there are no values. */
  query(sql: string, values?: unknown[]): Promise<pg.QueryResult>
  /**
   * Waits until every transaction has ended that runs now, in any database of the server. A row counts as new as long
   * as an older transaction runs, so without this a table may be read again that has not changed.
   */
  settle(): Promise<void>
  drop(): Promise<void>
}

/** Between two looks at the running transactions, in milliseconds. */
const SETTLE_MS = 20

/** Returns the URL of the server that all tests of a run share. The first request starts it. */
export function serverUrl(): Promise<string> {
  return askFor('postgres')
}

export interface TestDatabaseOptions {
  /**
   * The encoding of the database, such as `SQL_ASCII`. `sql` is then sent as bytes: `E'\\xfc'` is one. Default UTF8.
   */
  readonly encoding?: string
}

/** Makes a new database on the shared server and drops it when the test has finished. */
export async function testDatabase(sql?: string, options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const database = await createDatabase(await serverUrl(), options)
  onTestFinished(() => database.drop())
  if (sql) await database.query(sql)
  return database
}

/** Makes a new database on the server at `serverUrl`; the caller drops it. */
export async function createDatabase(serverUrl: string, { encoding }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const how = encoding === undefined ? '' : ` ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name}${how}`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    name,
    url: url.href,
    query: (text, values) =>
      withClient(url.href, async (client) => {
        if (encoding !== undefined) await client.query(`SET client_encoding = 'SQL_ASCII'`)
        return client.query(text, values)
      }),
    settle: () =>
      withClient(url.href, async (client) => {
        const { rows } = await client.query('SELECT txid_current() AS last')
        const over = 'SELECT txid_snapshot_xmin(txid_current_snapshot()) > $1 AS over'
        while (!(await client.query(over, [rows[0].last])).rows[0].over) await delay(SETTLE_MS)
      }),
    drop: async () => {
      await withClient(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    },
  }
}

/** Opens one connection for `work` and closes it. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
