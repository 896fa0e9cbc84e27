import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { startS3Server } from '@dwh/s3-server'
import { s3Store } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { bucketSecretSql, viewsSql } from './index.ts'
import { testWarehouse } from './test-support.ts'

/** A DuckDB that knows the warehouse only by its script. */
async function otherDatabase(): Promise<(sql: string) => Promise<unknown[][]>> {
  const instance = await DuckDBInstance.create(':memory:', { extension_directory: await duckdbExtensions() })
  const connection = await instance.connect()
  onTestFinished(() => {
    connection.closeSync()
    instance.closeSync()
  })
  await connection.run(`SET secret_directory = '${await temporaryFolder()}'`)
  await connection.run('LOAD httpfs')
  return async (sql) => (await connection.runAndReadAll(sql)).getRowsJson()
}

test('views over a bucket: the statement of the secret, with a key filled in, lets any DuckDB read them', async () => {
  const server = await startS3Server({ buckets: ['bucket'] })
  onTestFinished(() => server.close())
  const { accessKeyId, secretAccessKey } = server.credential
  const credentials = { accessKeyId, secretAccessKey }
  const store = s3Store({ bucket: 'bucket', prefix: 'a/prefix', endpoint: server.url, credentials })
  const house = await testWarehouse()
  await house.write({ name: 'orders' }, 'SELECT 1 AS id')
  await house.write({ name: 'a b/c%' }, 'SELECT 2 AS id')
  for (const { files } of Object.values(house.state.tables))
    for (const { key } of files) await store.putFile(key, join(house.root, key))

  const lines = bucketSecretSql({ scope: 's3://bucket/a/prefix', endpoint: server.url })
  const views = (...names: string[]) =>
    viewsSql(
      Object.fromEntries(Object.entries(house.state.tables).filter(([name]) => names.includes(name))),
      (key) => `s3://bucket/a/prefix/${key}`,
      { before: lines, formerTables: Object.keys(house.state.tables) },
    )
  const names = Object.keys(house.state.tables)
  expect(views(...names)).not.toContain(secretAccessKey)
  const run = await otherDatabase()
  await expect(run(views(...names))).rejects.toThrow(/403|HTTP/)
  await run('ROLLBACK')
  const statement = lines
    .filter((line) => !/DuckDB needs|keeps it/.test(line))
    .map((line) => line.replace('-- ', ''))
    .join('\n')
    .replace('<access key ID>', accessKeyId)
    .replace('<secret access key>', secretAccessKey)
  await run(statement)
  await run(views(...names))
  expect(await run('FROM orders')).toEqual([[1]])
  expect(await run('FROM "a b/c%"')).toEqual([[2]])
  await run(views('orders'))
  expect(await run('SELECT view_name FROM duckdb_views() WHERE NOT internal')).toEqual([['orders']])
})

test('views over a public bucket: nothing to fill in, the statement runs as it is, twice', async () => {
  const [line = '', ...others] = bucketSecretSql({ scope: 's3://bucket', region: 'eu-central-2', anonymous: true })
  expect(others).toEqual([])
  const run = await otherDatabase()
  await run(line)
  await run(line)
  expect(await run(`SELECT name, type, scope FROM duckdb_secrets()`)).toEqual([['dwh', 's3', ['s3://bucket']]])
})
