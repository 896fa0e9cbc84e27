import { DEFAULT_SCHEMA, parseTableName, quoteIdentifier, quoteLiteral, type TableEntry } from '@dwh/core'

/** The name of a table's view in DuckDB. */
export interface ViewName {
  readonly schema: string
  readonly name: string
}

/** The schema of DuckDB that holds the tables of schema `public`. */
export type PublicSchema = 'public' | 'main'

/**
 * Returns `public`, which a session puts on its search path: so a table has one name there, `orders` or
 * `public.orders`. Case does not matter to DuckDB: beside the tables of another schema, `Public`, those of `public` are
 * in `main`, and `Public.orders` is the other table.
 */
export function publicSchema(tables: Readonly<Record<string, unknown>>): PublicSchema {
  const schemas = Object.keys(tables).map((table) => parseTableName(table).schema)
  const another = schemas.some((schema) => schema !== DEFAULT_SCHEMA && schema.toLowerCase() === DEFAULT_SCHEMA)
  return another ? 'main' : 'public'
}

export function viewName(table: string, home: PublicSchema): ViewName {
  const { schema, name } = parseTableName(table)
  return { schema: schema === DEFAULT_SCHEMA ? home : schema, name }
}

/** DuckDB's name of an in-memory database. */
export const CATALOG = 'memory'

/** Returns the quoted name with its catalog, because a schema may have the name of a catalog. */
export function qualified({ schema, name }: ViewName): string {
  return `${CATALOG}.${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

/** Returns the SQL that selects a table's columns from its Parquet files at these paths. */
export function selectFiles(entry: TableEntry, paths: readonly string[]): string {
  const columns = entry.columns.map((column) => quoteIdentifier(column.name)).join(', ')
  // hive_partitioning off: otherwise a folder named a=b above the warehouse would become a column
  const files = paths.map((path) => quoteLiteral(escapeGlob(path))).join(', ')
  return `SELECT ${columns} FROM read_parquet([${files}], hive_partitioning = false, union_by_name = false)`
}

/** Escapes a path: DuckDB treats paths as globs, but not HTTP URLs; a character in brackets is literal. */
function escapeGlob(path: string): string {
  if (/^https?:\/\//.test(path)) return path
  return path.replace(/[*?[]/g, (character) => `[${character}]`)
}
