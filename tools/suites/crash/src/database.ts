import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { pause } from './processes.ts'

export interface Database {
  readonly url: string
  query(sql: string): Promise<pg.QueryResult>
  /** Sessions of dwh that are still there once there was time enough to see that their process has gone. */
  sessionsLeft(): Promise<number>
  drop(): Promise<void>
}

const PATIENCE_MS = 10_000

/** A database of its own on the server; the caller drops it. */
export async function makeDatabase(serverUrl: string, sql: string): Promise<Database> {
  const name = `crash_${randomBytes(6).toString('hex')}`
  await once(serverUrl, `CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.query(sql)
  return {
    url: url.href,
    query: (text) => client.query(text),
    async sessionsLeft() {
      for (const until = Date.now() + PATIENCE_MS; ; ) {
        const { rows } = await client.query(
          "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dwh%'",
        )
        if (rows[0].n === 0 || Date.now() > until) return rows[0].n
        await pause(10)
      }
    },
    async drop() {
      await client.end()
      await once(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
