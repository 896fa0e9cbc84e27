// DuckDB alone: writes a query's rows as CSV to /dev/null. Arguments: the query.
import { argv } from 'node:process'
import { DuckDBInstance } from '@duckdb/node-api'

const instance = await DuckDBInstance.create(':memory:')
const connection = await instance.connect()
await connection.run(`COPY (${argv[2]}) TO '/dev/null' (FORMAT csv)`)
connection.closeSync()
instance.closeSync()
