import { join } from 'node:path'
import { formatTableName, proofDifferences } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { fillExample } from './example.ts'

test('Postgres and DuckDB measure the same in every column', async () => {
  const { url } = await testDatabase()
  await fillExample(url)
  const folder = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: join(folder, 'temp') })
  onTestFinished(() => writer.close())
  const snapshot = await postgresSource({ connection: url }).open()
  onTestFinished(() => snapshot.close())
  for (const [index, table] of (await snapshot.tables()).entries()) {
    const path = join(folder, `${index}.parquet`)
    await writer.write({ path, columns: table.columns, data: snapshot.read(table) })
    const [source, file] = [await snapshot.prove?.(table), await writer.prove(path, table.columns)]
    const columns = table.columns.map((column) => ({ ...column, as: column.name }))
    expect(source && proofDifferences(source, file, columns), formatTableName(table)).toEqual([])
  }
})
