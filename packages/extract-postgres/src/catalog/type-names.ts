import type { PgClient } from '../session/pg-client.ts'
import { catalogRows, spelled } from './catalog-rows.ts'

// An array is listed with its element; `int2vector` is not an array.
const TYPES = `
  SELECT format_type(t.oid, NULL) AS formatted, n.nspname AS schema, t.typname AS name, t.typarray <> 0 AS has_array,
    n.nspname <> 'pg_catalog' AND EXISTS (SELECT FROM pg_type b WHERE b.typname = t.typname AND b.typnamespace = 'pg_catalog'::regnamespace) AS hidden
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype <> 'p' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
  ORDER BY t.oid`

/** Names that exist in the SQL grammar but not in the catalog: https://www.postgresql.org/docs/current/datatype.html */
const OF_SQL: Readonly<Record<string, readonly string[]>> = {
  integer: ['int'],
  'double precision': ['float'],
  numeric: ['decimal', 'dec'],
  character: ['char'],
}

/**
 * Lists the names that a user may write for each type of the database, in lower case: as `format_type`, the catalog and
 * SQL spell it. Call it inside `beginSnapshot`: with an empty search_path `format_type` adds the schema to every type
 * that is not built in.
 */
export async function listTypeNames(client: PgClient): Promise<string[][]> {
  const rows = await catalogRows<TypeRow>(client, TYPES)
  return rows.flatMap((row) => {
    const names = namesOf(row)
    return row.has_array ? [names, names.map((name) => `${name}[]`)] : [names]
  })
}

interface TypeRow {
  formatted: string
  schema: string
  name: string
  has_array: boolean
  /** True if a built-in type has the same name. */
  hidden: boolean
}

function namesOf({ formatted, schema, name, hidden }: TypeRow): string[] {
  // "char" is the type char of the catalog; char in SQL is bpchar
  const bare = hidden || formatted === '"char"' ? [] : [name]
  const names = [formatted, `${schema}.${name}`, ...bare, ...(OF_SQL[formatted] ?? [])]
  return [...new Set(names.map((each) => spelled(each).toLowerCase()))]
}
