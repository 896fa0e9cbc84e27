import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { formatTableName, proofDifferences, quoteLiteral, type SourceSnapshot, type TableSchema } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter, type ParquetWriter } from '@dwh/parquet-writer'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { fillExample } from './example.ts'

interface Example {
  readonly snapshot: SourceSnapshot
  readonly tables: readonly TableSchema[]
  readonly writer: ParquetWriter
  readonly folder: string
}

async function openExample(): Promise<Example> {
  const { url } = await testDatabase()
  await fillExample(url)
  const folder = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: join(folder, 'temp') })
  onTestFinished(() => writer.close())
  const snapshot = await postgresSource({ connection: url }).open()
  onTestFinished(() => snapshot.close())
  const tables = await snapshot.tables()
  expect(tables).toHaveLength(6)
  return { snapshot, tables, writer, folder }
}

test('rows and CSV give the same files', async () => {
  const { snapshot, tables, writer, folder } = await openExample()
  const connection = await (await DuckDBInstance.create()).connect()
  onTestFinished(() => connection.closeSync())
  for (const [index, table] of tables.entries()) {
    const paths = ['rows', 'csv'].map((door) => join(folder, `${index}-${door}.parquet`)) as [string, string]
    const { columns } = table
    const byRows = await writer.write({ path: paths[0], columns, data: snapshot.read(table) })
    const csv = snapshot.readCsv?.(table)
    if (!csv) throw new Error('no CSV')
    const byCsv = await writer.write({ path: paths[1], columns, data: csv })
    expect(byCsv.rows, formatTableName(table)).toBe(byRows.rows)
    const [a, b] = paths.map((path) => `(FROM read_parquet(${quoteLiteral(path)}))`)
    for (const difference of [`${a} EXCEPT ALL ${b}`, `${b} EXCEPT ALL ${a}`])
      expect((await connection.runAndReadAll(difference)).getRowsJson(), formatTableName(table)).toEqual([])
  }
})

test('Postgres and DuckDB measure the same in every column', async () => {
  const { snapshot, tables, writer, folder } = await openExample()
  for (const [index, table] of tables.entries()) {
    const path = join(folder, `${index}.parquet`)
    await writer.write({ path, columns: table.columns, data: snapshot.read(table) })
    const [survey, file] = [await snapshot.survey?.(table, 'columns'), await writer.prove(path, table.columns)]
    const columns = table.columns.map((column) => ({ ...column, as: column.name }))
    expect(survey && proofDifferences(survey.proof, file, columns), formatTableName(table)).toEqual([])
  }
})
