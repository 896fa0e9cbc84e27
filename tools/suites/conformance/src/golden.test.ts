import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ColumnType, TableSchema } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { asyncBufferFromFile, parquetMetadataAsync, type SchemaElement } from 'hyparquet'
import { expect, onTestFinished, test } from 'vitest'
import { profiled, through } from './methods.ts'
import { READERS, type Text } from './readers.ts'
import { SETUP, TORTURE, tortureSql } from './torture.ts'

const GOLDEN = fileURLToPath(new URL('../golden', import.meta.url))

/**
 * Compares the stored type and values of each Postgres type with a file. `vitest -u` updates the files. Each change
 * affects every reader of a warehouse.
 */
test('golden files: every type is stored as before', async () => {
  const database = await testDatabase(SETUP)
  await database.query(tortureSql())
  const folder = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: join(folder, 'temp') })
  onTestFinished(() => writer.close())
  const snapshot = await postgresSource({ connection: database.url }).open()
  onTestFinished(() => snapshot.close())
  const offered = (await snapshot.tables()).find(({ name }) => name === 'torture') as TableSchema
  const { table, profile } = await profiled(snapshot, offered)
  const path = join(folder, 'torture.parquet')
  await writer.write({ path, columns: table.columns, data: await through('copy', snapshot, table, profile) })
  const rows = ((await READERS.duckdb?.(path, table.columns)) ?? []).sort((a, b) => Number(a.id) - Number(b.id))
  const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(path))
  for (const [index, { declared, values }] of TORTURE.entries()) {
    const name = `c${index}`
    const type = table.columns.find((column) => column.name === name)?.type as ColumnType
    const stored = values.map((value, row) => `${short(value)}\n    ${shown(rows[row]?.[name] ?? null)}`)
    const text = [
      `${declared} -> ${type}`,
      `Parquet: ${parquetType(schema, name)}`,
      '',
      ...stored,
      'NULL',
      `    ${shown(rows.at(-1)?.[name] ?? null)}`,
      '',
    ]
    const file = `${declared} as ${type.replace('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ')}`
      .replace(/public\.|pg_catalog\./g, '')
      .replace(/\[\]/g, ' array')
      .replace(/[^a-z0-9]+/gi, '-')
      .replace(/^-|-$/g, '')
    await expect(text.join('\n')).toMatchFileSnapshot(join(GOLDEN, `${file}.txt`))
  }
})

/** Returns the Parquet type; for a list, the path to its elements. */
function parquetType(schema: readonly SchemaElement[], name: string): string {
  const at = schema.findIndex((element) => element.name === name)
  const parts: string[] = []
  for (let i = at; i < schema.length; i += 1) {
    const {
      type,
      converted_type: converted,
      precision,
      scale,
      type_length: length,
      num_children: children,
    } = schema[i] as SchemaElement
    const detail = [
      converted,
      length && `length ${length}`,
      precision && `precision ${precision}`,
      scale !== undefined && `scale ${scale}`,
    ]
    parts.push([type ?? 'group', ...detail.filter((part) => part)].join(' '))
    if (!children) break
  }
  return parts.join(' > ')
}

const short = (text: string) => (text.length > 100 ? `${text.slice(0, 100)}... (${text.length})` : text)
const shown = (text: Text) => (text === null ? 'null' : short(JSON.stringify(text)))
