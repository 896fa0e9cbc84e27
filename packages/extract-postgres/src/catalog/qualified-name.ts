import { quoteIdentifier, type TableName } from '@dwh/core'

/** The quoted name of a table, with its schema, for a statement. */
export function qualifiedName(table: TableName): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`
}
