import { exactPattern, formatTableName, matchesTable, type TableName } from '@dwh/core'

/** From this number of tables on, one pattern is easier to read than a list. */
const MANY = 4

/**
 * Returns the patterns to write under `exclude` to leave out `tables`: one with a `*` if they share a prefix that no
 * other table of `known` has, else one for each.
 */
export function excludePatterns(tables: readonly TableName[], known: readonly TableName[]): string[] {
  const exact = tables.map(exactPattern)
  if (tables.length < MANY) return exact
  const prefix = commonPrefix(exact)
  const pattern = `${prefix}*`
  const wanted = new Set(tables.map(formatTableName))
  const clear = /[\p{L}\p{N}]/u.test(prefix) && !prefix.endsWith('\\')
  const others = known.some((table) => matchesTable(pattern, table) && !wanted.has(formatTableName(table)))
  return clear && !others ? [pattern] : exact
}

function commonPrefix([first = '', ...others]: readonly string[]): string {
  let length = first.length
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1
  return first.slice(0, length)
}
