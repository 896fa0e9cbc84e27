import { quoteIdentifier, type TableName } from '@dwh/core'

/** A table's name as a statement has it. */
export function qualifiedName(table: TableName): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`
}
