import { printable, quoteIdentifier, quoteLiteral, type TableEntry } from '@dwh/core'
import { viewName as nameOf, selectFiles, type ViewName } from './view-sql.ts'

/** Facts for the comments of the script, and what an earlier script may have made. */
export interface ViewsAbout {
  /** Where the warehouse is. */
  readonly warehouse?: string | undefined
  /** The run, and the day of the tables, as the first line of the script says them. */
  readonly title?: string | undefined
  /** Names of tables for which an earlier script may have made a view. */
  readonly formerTables?: readonly string[] | undefined
  /** Lines to put before the views, such as those of `bucketSecretSql`. */
  readonly before?: readonly string[] | undefined
}

/** Schemas that need a catalog before their name; a script does not know the catalog where it runs. */
const CATALOGS = ['memory', 'system', 'temp']

/** How the comment of a view begins that this script made. `CREATE OR REPLACE` by anybody else removes the comment. */
const MARK = 'dwh: '

/** The schema of views that exist only while the script drops others. */
const DECOYS = '_dwh'

const HEAD = [
  '-- Replaces the views that an earlier script made, and drops those of tables that have left. Stops, and changes',
  '-- nothing, where a view or table of your own has the name of one. The script marks its views by a comment:',
  `--   SELECT schema_name, view_name, comment FROM duckdb_views() WHERE comment LIKE '${MARK}%';`,
]

/**
 * Returns a complete SQL script that creates one view per table over its current files, for any DuckDB. The files are
 * those of one run, or of several where a run read some tables only. Generate it again after each run. It can run any
 * number of times in the same database: ADR 0019.
 */
export function viewsSql(
  tables: Readonly<Record<string, TableEntry>>,
  pathOf: (key: string) => string,
  { warehouse, title, formerTables = [], before = [] }: ViewsAbout = {},
): string {
  const reserved = Object.keys(tables).filter(isReserved)
  const shown = Object.entries(tables).filter(([table]) => !isReserved(table))
  const names = shown.map(([table]) => viewName(table))
  const former = formerTables
    .filter((table) => !isReserved(table))
    .map(viewName)
    .filter(isNotOneOf(names))
  const schemas = [...new Set(names.map(({ schema }) => schema))].filter((schema) => schema !== 'main')
  return [
    ...(title === undefined ? [] : [`-- ${printable(title)}`]),
    ...(warehouse === undefined ? [] : [`-- Warehouse: ${printable(warehouse)}`]),
    ...HEAD,
    ...before,
    'BEGIN;',
    ...refuseOthers(names, former),
    ...schemas.map((schema) => `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)};`),
    ...shown.flatMap(([table, entry]) => createView(table, entry, pathOf)),
    ...reserved.map((table) => `-- omitted, because its schema has a reserved name: ${JSON.stringify(table)}`),
    ...dropFormer(former),
    'COMMIT;',
    '',
  ].join('\n')
}

/** `main` can be omitted in any DuckDB, whatever its search path is. */
const viewName = (table: string): ViewName => nameOf(table, 'main')

function isReserved(table: string): boolean {
  return [...CATALOGS, DECOYS].includes(viewName(table).schema.toLowerCase())
}

function createView(table: string, entry: TableEntry, pathOf: (key: string) => string): string[] {
  const name = quoted(viewName(table))
  const select = selectFiles(
    entry,
    entry.files.map((file) => pathOf(file.key)),
  )
  const mark = quoteLiteral(`${MARK}as of ${entry.date}, run ${entry.run_id}`)
  return [`CREATE OR REPLACE VIEW ${name} AS ${select};`, `COMMENT ON VIEW ${name} IS ${mark};`]
}

const quoted = ({ schema, name }: ViewName): string => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`

/** DuckDB's names do not depend on case. */
const folded = ({ schema, name }: ViewName): string =>
  `(${quoteLiteral(schema.toLowerCase())}, ${quoteLiteral(name.toLowerCase())})`

function isNotOneOf(names: readonly ViewName[]): (name: ViewName) => boolean {
  const taken = new Set(names.map(folded))
  return (name) => !taken.has(folded(name))
}

/**
 * Stops the script where it would replace or drop what it did not make. A temporary view hides others of its name, so
 * that a `DROP VIEW` would reach it first.
 */
function refuseOthers(names: readonly ViewName[], former: readonly ViewName[]): string[] {
  const own = names.length === 0 ? [] : [`database_name = current_database() AND ${isOneOf(names)}`]
  const temporary =
    former.length === 0
      ? []
      : [`database_name = 'temp' AND ${isOneOf(former.map(({ name }) => ({ schema: 'main', name })))}`]
  if (own.length + temporary.length === 0) return []
  return [
    'SET VARIABLE dwh_other = (',
    `  SELECT error('dwh views: not made by this script: ' || string_agg(schema_name || '.' || name, ', ') ||`,
    `    '. Rename it, or drop it if an earlier version of dwh made it; then run the script again.')`,
    '  FROM (SELECT database_name, schema_name, view_name AS name, comment FROM duckdb_views()',
    '    UNION ALL SELECT database_name, schema_name, table_name, NULL FROM duckdb_tables())',
    `  WHERE (${[...own, ...temporary].join('\n    OR ')})`,
    `    AND NOT coalesce(starts_with(comment, '${MARK}'), false)`,
    '  HAVING count(*) > 0);',
    'RESET VARIABLE dwh_other;',
  ]
}

const isOneOf = (names: readonly ViewName[]): string =>
  `(lower(schema_name), lower(name)) IN (${names.map(folded).join(', ')})`

const quotedBySql = (column: string): string => `'"' || replace(${column}, '"', '""') || '"'`

/** The schema of a view with its database, for a search path. */
const SCHEMA_PATH = `${quotedBySql('database_name')} || '.' || ${quotedBySql('schema_name')}`

/**
 * Drops the views of former tables that carry the mark. DuckDB's SQL has no IF. But the schema in which an unqualified
 * `DROP VIEW` looks first may come from a variable: it is that of the view if it carries the mark, otherwise that of a
 * decoy.
 */
function dropFormer(former: readonly ViewName[]): string[] {
  if (former.length === 0) return []
  return [
    '-- tables that have left: drops their views, if the script made them',
    `SET VARIABLE dwh_path = current_setting('search_path');`,
    `CREATE SCHEMA ${DECOYS};`,
    ...former.flatMap(({ schema, name }) => [
      `CREATE OR REPLACE VIEW ${quoted({ schema: DECOYS, name })} AS SELECT 1;`,
      `SET VARIABLE dwh_schema = (SELECT coalesce(max(${SCHEMA_PATH}), '${DECOYS}')`,
      '  FROM duckdb_views() WHERE database_name = current_database()',
      `    AND lower(schema_name) = ${quoteLiteral(schema.toLowerCase())}`,
      `    AND lower(view_name) = ${quoteLiteral(name.toLowerCase())} AND starts_with(comment, '${MARK}'));`,
      `SET search_path = getvariable('dwh_schema');`,
      `DROP VIEW ${quoteIdentifier(name)};`,
      // also after a drop: the next one has to find its own database
      `SET search_path = getvariable('dwh_path');`,
    ]),
    `DROP SCHEMA ${DECOYS} CASCADE;`,
    'RESET VARIABLE dwh_schema;',
    'RESET VARIABLE dwh_path;',
  ]
}
