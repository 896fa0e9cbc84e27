import type { PgClient } from '../session/pg-client.ts'
import { catalogRows, spelled } from './catalog-rows.ts'

// An array is listed with its element; `int2vector` is none.
const TYPES = `
  SELECT format_type(t.oid, NULL) AS formatted, n.nspname AS schema, t.typname AS name, t.typarray <> 0 AS has_array,
    n.nspname <> 'pg_catalog' AND EXISTS (SELECT FROM pg_type b WHERE b.typname = t.typname AND b.typnamespace = 'pg_catalog'::regnamespace) AS hidden
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype <> 'p' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
  ORDER BY t.oid`

/** Names that SQL's grammar has, and no catalog: https://www.postgresql.org/docs/current/datatype.html */
const OF_SQL: Readonly<Record<string, readonly string[]>> = {
  integer: ['int'],
  'double precision': ['float'],
  numeric: ['decimal', 'dec'],
  character: ['char'],
}

/**
 * What a person may call each type of the database, in lower case: as `format_type` has it, as the catalog has it, and as SQL has it. Call it inside
 * `beginSnapshot`: with an empty search_path `format_type` names the schema of every type that is not built in.
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
  /** A built-in type has its name. */
  hidden: boolean
}

function namesOf({ formatted, schema, name, hidden }: TypeRow): string[] {
  // the catalog's char is "char"; that of SQL is its bpchar
  const bare = hidden || formatted === '"char"' ? [] : [name]
  const names = [formatted, `${schema}.${name}`, ...bare, ...(OF_SQL[formatted] ?? [])]
  return [...new Set(names.map((each) => spelled(each).toLowerCase()))]
}
