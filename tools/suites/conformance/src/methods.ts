import {
  type ExtractionMethod,
  formatTableName,
  type SourceSnapshot,
  type TableData,
  type TableProfile,
  type TableSchema,
} from '@dwh/core'

/** Reads a table by a method. */
export async function through(
  method: ExtractionMethod,
  snapshot: SourceSnapshot,
  table: TableSchema,
  profile: TableProfile,
): Promise<TableData> {
  if (method === 'rows') return snapshot.read(table)
  const data = method === 'copy' ? snapshot.readBulkText?.(table) : await snapshot.duckdbReader?.read(table, profile)
  if (data === undefined || typeof data === 'string')
    throw new Error(`${formatTableName(table)}: method ${method} is not available: ${data}`)
  return data
}

/** Profiles a table; returns it with the types that its values need, and the profile. */
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
