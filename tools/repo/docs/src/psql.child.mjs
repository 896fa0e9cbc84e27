import pg from 'pg'

/** `psql -qc "SQL" URL`: runs the SQL and prints nothing. */
const [flag, sql, connectionString] = process.argv.slice(2)
if (flag !== '-qc') throw new Error(`${flag}: unknown option; only -qc is supported`)
const client = new pg.Client({ connectionString })
await client.connect()
await client.query(sql)
await client.end()
