import { join } from 'node:path'
import { type ExtractionMethod, proofDifferences, type SourceColumn } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { temporaryFolder } from '@dwh/test-kit'
import { onTestFinished } from 'vitest'
import { profiled, through } from '../methods.ts'
import { READERS, type Text } from '../readers.ts'

export interface ReadBack {
  readonly columns: readonly SourceColumn[]
  /** Rows as DuckDB reads them from the file. */
  readonly rows: readonly Readonly<Record<string, Text>>[]
  /** Differences that the proof `hash` found. */
  readonly unproven: readonly string[]
}

/** Writes tables of a database to files, all from one snapshot, and reads them again. */
export async function openReadBack(
  url: string,
  { extensionDirectory }: { readonly extensionDirectory?: string } = {},
): Promise<(name: string, method: ExtractionMethod) => Promise<ReadBack>> {
  const snapshot = await postgresSource({ connection: url }).open()
  onTestFinished(() => snapshot.close())
  const folder = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: join(folder, 'temp'), extensionDirectory })
  onTestFinished(() => writer.close())
  const offered = new Map((await snapshot.tables()).map((table) => [table.name, table]))
  return async (name, method) => {
    const found = offered.get(name)
    if (!found) throw new Error(`there is no table ${name}`)
    const { table, profile } = await profiled(snapshot, found)
    const path = join(folder, `${name}-${method}.parquet`)
    await writer.write({ path, columns: table.columns, data: await through(method, snapshot, table, profile) })
    const proof = await writer.prove(path, table.columns, 'hash')
    const columns = table.columns.map((column) => ({ ...column, as: column.name }))
    const unproven = proofDifferences(profile.proof, proof, columns)
    const rows = await (READERS.duckdb as (typeof READERS)[string])(path, table.columns)
    return { columns: table.columns, rows, unproven }
  }
}
