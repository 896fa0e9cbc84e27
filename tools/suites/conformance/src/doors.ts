import {
  type Door,
  formatTableName,
  type SourceSnapshot,
  type TableData,
  type TableSchema,
  type TableSurvey,
} from '@dwh/core'

/** A table as it leaves through a door. */
export async function through(
  door: Door,
  snapshot: SourceSnapshot,
  table: TableSchema,
  survey: TableSurvey,
): Promise<TableData> {
  if (door === 'rows') return snapshot.read(table)
  const data = door === 'copy' ? snapshot.readBulkText?.(table) : await snapshot.duckdbReader?.read(table, survey)
  if (data === undefined || typeof data === 'string') throw new Error(`${formatTableName(table)}: no ${door}: ${data}`)
  return data
}

/** A table with the types that its values call for, and what was found on the way. */
export async function surveyed(
  snapshot: SourceSnapshot,
  table: TableSchema,
): Promise<{ readonly table: TableSchema; readonly survey: TableSurvey }> {
  const survey = await snapshot.survey?.(table, { proof: 'deep', native: true })
  if (!survey) throw new Error('no survey')
  const columns = table.columns.map((column) => ({
    ...column,
    type: survey.types[column.name] ?? column.type,
    open: false,
  }))
  return { table: { ...table, columns }, survey }
}
