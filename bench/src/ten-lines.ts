// What a user of DuckDB would write: its `postgres` extension and one COPY for each table, with the codec that dwh
// uses.
import { argv, env } from 'node:process'
import { DuckDBInstance } from '@duckdb/node-api'

const [folder = '', extensions = '', ...tables] = argv.slice(2)

const duckdb = await DuckDBInstance.create(':memory:', { extension_directory: extensions })
const connection = await duckdb.connect()
await connection.run('LOAD postgres')
await connection.run(`ATTACH '${env.DATABASE_URL}' AS pg (TYPE postgres, READ_ONLY)`)
for (const table of tables) {
  const to = `'${folder}/${table}.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3)`
  await connection.run(`COPY (FROM pg.public.${table}) TO ${to}`)
}
