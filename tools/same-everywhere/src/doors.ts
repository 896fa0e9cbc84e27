import { formatTableName, type SourceSnapshot, type TableData, type TableSchema, type TableSurvey } from '@dwh/core'

export type Door = 'rows' | 'copy'
export const DOORS: readonly Door[] = ['rows', 'copy']

/** A table as it leaves through a door. */
export function through(door: Door, snapshot: SourceSnapshot, table: TableSchema): TableData {
  const data = door === 'rows' ? snapshot.read(table) : snapshot.readCsv?.(table)
  if (!data) throw new Error(`${formatTableName(table)}: no ${door}`)
  return data
}

/** A table with the types that its values call for, and what was found on the way. */
export async function surveyed(
  snapshot: SourceSnapshot,
  table: TableSchema,
): Promise<{ readonly table: TableSchema; readonly survey: TableSurvey }> {
  const survey = await snapshot.survey?.(table, 'columns')
  if (!survey) throw new Error('no survey')
  const columns = table.columns.map((column) => ({
    ...column,
    type: survey.types[column.name] ?? column.type,
    open: false,
  }))
  return { table: { ...table, columns }, survey }
}
