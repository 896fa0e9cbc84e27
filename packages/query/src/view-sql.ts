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

/** Schemas that need a catalog before their name; a script does not know the catalog where it runs. */
const CATALOGS = ['memory', 'system', 'temp']

/**
 * Returns a complete SQL script that creates one view per table over its current files, for any DuckDB. The files are
 * those of one run, or of several where a run read some tables only. Generate it again after each run.
 */
export function viewsSql(tables: Readonly<Record<string, TableEntry>>, pathOf: (key: string) => string): string {
  const schemas = new Set<string>()
  const views = Object.entries(tables).map(([table, entry]) => {
    // `main` can be omitted in any DuckDB, whatever its search path is
    const { schema, name } = viewName(table, 'main')
    if (CATALOGS.includes(schema.toLowerCase()))
      return `-- omitted, because DuckDB reserves the name of its schema: ${JSON.stringify(table)}`
    if (schema !== 'main') schemas.add(schema)
    const select = selectFiles(
      entry,
      entry.files.map((file) => pathOf(file.key)),
    )
    return `CREATE OR REPLACE VIEW ${quoteIdentifier(schema)}.${quoteIdentifier(name)} AS ${select};`
  })
  const schemaLines = [...schemas].map((schema) => `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)};`)
  return ['BEGIN;', ...schemaLines, ...views, 'COMMIT;', ''].join('\n')
}
