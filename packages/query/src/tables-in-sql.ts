import type { DuckDBConnection } from '@duckdb/node-api'
import { CATALOG, viewName } from './view-sql.ts'

export interface NamedTables {
  /** Those that DuckDB itself finds in the statement. */
  readonly named: readonly string[]
  /** When it finds none: those whose name occurs anywhere in the text, and so may be meant. */
  readonly perhaps: readonly string[]
}

/**
 * The tables of a warehouse that one SQL statement names, of those in `tables`. `empty` is a connection to a DuckDB without any of them: with them, it
 * would look through the views. Some statements hide their tables from it: PIVOT, INSERT ... SELECT, a name that is put together.
 */
export function tablesInSql(empty: DuckDBConnection, sql: string, tables: readonly string[]): NamedTables {
  const listed = listTableNames(empty, sql)
  if (listed.length > 0)
    return { named: tables.filter((table) => listed.some((parts) => isTable(parts, table))), perhaps: [] }
  const lower = sql.toLowerCase()
  return {
    named: [],
    perhaps: tables.filter((table) => lower.includes(viewName(table).name.replaceAll('"', '""').toLowerCase())),
  }
}

function isTable(parts: readonly string[], table: string): boolean {
  const { schema, name } = viewName(table)
  const [last, before] = [parts.at(-1), parts.at(-2)]
  return same(last, name) && (before === undefined || same(before, schema) || same(before, CATALOG))
}

/** As DuckDB compares names. */
function same(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase()
}

function listTableNames(empty: DuckDBConnection, sql: string): string[][] {
  try {
    return empty.getTableNames(sql, true).map(splitName)
  } catch {
    return []
  }
}

/** `memory.main."a.b"` in its parts. */
function splitName(name: string): string[] {
  return [...name.matchAll(/"((?:[^"]|"")*)"|([^."]+)/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '',
  )
}
