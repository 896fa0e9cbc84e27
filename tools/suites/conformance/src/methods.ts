import {
  type ExtractionMethod,
  formatTableName,
  type SourceSnapshot,
  type TableData,
  type TableProfile,
  type TableSchema,
} from '@dwh/core'

/** A table as it leaves through a method. */
export async function through(
  method: ExtractionMethod,
  snapshot: SourceSnapshot,
  table: TableSchema,
  profile: TableProfile,
): Promise<TableData> {
  if (method === 'rows') return snapshot.read(table)
  const data = method === 'copy' ? snapshot.readBulkText?.(table) : await snapshot.duckdbReader?.read(table, profile)
  if (data === undefined || typeof data === 'string')
    throw new Error(`${formatTableName(table)}: no ${method}: ${data}`)
  return data
}

/** A table with the types that its values call for, and what was found on the way. */
export async function profiled(
  snapshot: SourceSnapshot,
  table: TableSchema,
): Promise<{ readonly table: TableSchema; readonly profile: TableProfile }> {
  const profile = await snapshot.profileTable?.(table, { proof: 'hash', native: true })
  if (!profile) throw new Error('no profile')
  const columns = table.columns.map((column) => ({
    ...column,
    type: profile.types[column.name] ?? column.type,
    inferred: false,
  }))
  return { table: { ...table, columns }, profile }
}
