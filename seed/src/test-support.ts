import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { type Day, quoteLiteral, tableFileKey } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { type TestDatabase, withClient } from '@dwh/test-kit'

/** Returns every value as text, as the engine prints it in UTC: `10.00` and `10.0` differ. */
export interface Answer {
  readonly columns: string[]
  readonly rows: (string | null)[][]
}

/** Writes each table to the file of `day` under `folder`, as a run does; returns the paths by table. */
export async function saveDay(database: TestDatabase, folder: string, day: Day): Promise<Record<string, string>> {
  const writer = await openParquetWriter({ tempDirectory: folder })
  const snapshot = await postgresSource({ connection: database.url }).open()
  const paths: Record<string, string> = {}
  try {
    for (const table of await snapshot.tables()) {
      const path = join(folder, tableFileKey(table, day))
      await mkdir(dirname(path), { recursive: true })
      await writer.write({ path, columns: table.columns, data: snapshot.read(table) })
      paths[table.name] = path
    }
  } finally {
    await snapshot.close()
    await writer.close()
  }
  return paths
}

export async function askPostgres(database: TestDatabase, sql: string, timeZone = 'UTC'): Promise<Answer> {
  return withClient(database.url, async (client) => {
    // stored in a table, so that the query itself runs in `timeZone` and its answer is printed in UTC
    await client.query(`SET TimeZone = ${quoteLiteral(timeZone)}; CREATE TEMP TABLE answer AS ${sql}`)
    await client.query("SET TimeZone = 'UTC'")
    const types = { getTypeParser: () => (text: string) => text }
    const result = await client.query({ text: 'SELECT * FROM answer ORDER BY ctid', rowMode: 'array', types })
    return { columns: result.fields.map((field) => field.name), rows: result.rows }
  })
}

/** Queries DuckDB, with a view for each path, and variables. */
export async function askDuckdb(
  paths: Readonly<Record<string, string>>,
  sql: string,
  options: { readonly timeZone?: string; readonly variables?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    for (const [name, path] of Object.entries(paths)) {
      await connection.run(`CREATE VIEW ${name} AS FROM read_parquet(${quoteLiteral(path)})`)
    }
    for (const [name, value] of Object.entries(options.variables ?? {})) {
      await connection.run(`SET VARIABLE ${name} = ${quoteLiteral(value)}`)
    }
    return await answerOf(connection, sql, options.timeZone ?? 'UTC')
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function answerOf(connection: DuckDBConnection, sql: string, timeZone: string): Promise<Answer> {
  await connection.run(`SET TimeZone = ${quoteLiteral(timeZone)}`)
  await connection.run(`CREATE TEMP TABLE answer AS ${sql}`)
  await connection.run("SET TimeZone = 'UTC'")
  const result = await connection.runAndReadAll('SELECT COLUMNS(*)::VARCHAR FROM answer ORDER BY rowid')
  return { columns: result.columnNames(), rows: result.getRows() as (string | null)[][] }
}
