// The baseline, unchanged since its first commit: a pipeline of well-known parts without tuning. Rows as objects from
// `pg-query-stream`, one JSON line for each, a file of lines, then DuckDB's type inference to Parquet. One table after
// the other.
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { argv, env } from 'node:process'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import QueryStream from 'pg-query-stream'

const [folder = '', ...tables] = argv.slice(2)

const client = new pg.Client({ connectionString: env.DATABASE_URL })
await client.connect()
const duckdb = await DuckDBInstance.create()
const connection = await duckdb.connect()
for (const table of tables) {
  const lines = join(folder, `${table}.ndjson`)
  const toLine = new Transform({
    writableObjectMode: true,
    transform: (row, _, done) => done(null, `${JSON.stringify(row)}\n`),
  })
  await pipeline(client.query(new QueryStream(`SELECT * FROM ${table}`)), toLine, createWriteStream(lines))
  await connection.run(
    `COPY (SELECT * FROM read_json_auto('${lines}')) TO '${join(folder, table)}.parquet' (FORMAT parquet, COMPRESSION zstd)`,
  )
  await rm(lines)
}
connection.closeSync()
await client.end()
