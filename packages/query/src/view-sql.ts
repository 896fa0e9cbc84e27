import { DEFAULT_SCHEMA, parseTableName, quoteIdentifier, quoteLiteral, type TableEntry } from '@dwh/core'

/** A table of a warehouse as a view of DuckDB: schema `public` is `main`, the schema that needs no mention there. */
export interface ViewName {
  readonly schema: string
  readonly name: string
}

export function viewName(table: string): ViewName {
  const { schema, name } = parseTableName(table)
  return { schema: schema === DEFAULT_SCHEMA ? 'main' : schema, name }
}

/** What DuckDB calls a database in memory. */
export const CATALOG = 'memory'

/** With its catalog, since a schema may be called like one. */
export function qualified({ schema, name }: ViewName): string {
  return `${CATALOG}.${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

/** Selects a table's columns from its Parquet files, by these paths. */
export function selectFiles(entry: TableEntry, paths: readonly string[]): string {
  const columns = entry.columns.map((column) => quoteIdentifier(column.name)).join(', ')
  // hive_partitioning off: a folder above the warehouse that is called a=b would otherwise become a column
  const files = paths.map((path) => quoteLiteral(escapeGlob(path))).join(', ')
  return `SELECT ${columns} FROM read_parquet([${files}], hive_partitioning = false, union_by_name = false)`
}

/** DuckDB takes every path for a glob, but no URL of HTTP; a character in brackets stands for itself. */
function escapeGlob(path: string): string {
  if (/^https?:\/\//.test(path)) return path
  return path.replace(/[*?[]/g, (character) => `[${character}]`)
}

/** Schemas that only a name with its catalog could reach, and no script knows the catalog it will run in. */
const CATALOGS = ['memory', 'system', 'temp']

/**
 * The SQL that gives a stock DuckDB one view per table over its current files. It is whole: it names the files of one run, or of several where a run
 * read some tables only. Make it again after each run.
 */
export function viewsSql(tables: Readonly<Record<string, TableEntry>>, pathOf: (key: string) => string): string {
  const schemas = new Set<string>()
  const views = Object.entries(tables).map(([table, entry]) => {
    const { schema, name } = viewName(table)
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
