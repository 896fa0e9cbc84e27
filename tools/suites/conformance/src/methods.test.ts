import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { formatTableName, proofDifferences, quoteLiteral } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { fillExample } from './example.ts'
import { profiled, through } from './methods.ts'

test('rows and COPY: the same files, and the same profile from Postgres and DuckDB for every column', async () => {
  const { url } = await testDatabase()
  await fillExample(url)
  const folder = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: join(folder, 'temp') })
  onTestFinished(() => writer.close())
  const snapshot = await postgresSource({ connection: url }).open()
  onTestFinished(() => snapshot.close())
  const tables = await snapshot.tables()
  expect(tables).toHaveLength(6)
  const connection = await (await DuckDBInstance.create()).connect()
  onTestFinished(() => connection.closeSync())
  for (const [index, offered] of tables.entries()) {
    const { table, profile } = await profiled(snapshot, offered)
    const columns = table.columns.map((column) => ({ ...column, as: column.name }))
    const paths: string[] = []
    for (const method of ['rows', 'copy'] as const) {
      const path = join(folder, `${index}-${method}.parquet`)
      paths.push(path)
      await writer.write({ path, columns, data: await through(method, snapshot, table, profile) })
      const proof = await writer.prove(path, columns, 'hash')
      expect(proofDifferences(profile.proof, proof, columns), formatTableName(table)).toEqual([])
    }
    const [a, b] = paths.map((path) => `(FROM read_parquet(${quoteLiteral(path)}))`)
    for (const difference of [`${a} EXCEPT ALL ${b}`, `${b} EXCEPT ALL ${a}`])
      expect((await connection.runAndReadAll(difference)).getRowsJson(), formatTableName(table)).toEqual([])
  }
})
