import type { PgClient } from '../session/pg-client.ts'
import { catalogRows } from './catalog-rows.ts'
import type { PgType } from './pg-type.ts'

// All types that the requested types are based on or consist of. A true array is the array type of its element:
// int2vector is not one. Dropped attributes are not part of a composite.
const TYPES = `
  WITH RECURSIVE reached AS (
    SELECT pg_catalog.unnest($1::oid[]) AS oid
    UNION
    SELECT part.oid FROM reached r JOIN pg_type t ON t.oid = r.oid CROSS JOIN LATERAL (
      SELECT t.typbasetype WHERE t.typtype = 'd'
      UNION ALL SELECT e.oid FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
      UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS part (oid)
  )
  SELECT t.oid::bigint, t.typname AS name, n.nspname AS schema, t.typtype AS kind, t.typdelim AS delimiter,
    t.typbasetype::bigint AS base, t.typtypmod AS base_modifier, e.oid::bigint AS element,
    (SELECT x.extname FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
      WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') AS extension,
    (SELECT json_agg(json_build_array(a.attname::text, a.atttypid::bigint, a.atttypmod) ORDER BY a.attnum)
      FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS fields
  FROM reached r JOIN pg_type t ON t.oid = r.oid JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid`

const MONEY_DIGITS = `SELECT scale(0::money::numeric) AS digits`

/** The declared type of a column or a field. */
export interface DeclaredType {
  readonly oid: number
  /** `atttypmod`; -1 for none. */
  readonly modifier: number
}

/** 8-byte numbers are strings or numbers, as `catalogRows` returns them. */
interface TypeRow {
  oid: string | number
  name: string
  schema: string
  kind: string
  delimiter: string
  base: string | number
  base_modifier: number
  element: string | number | null
  extension: string | null
  fields: [name: string, oid: number, modifier: number][] | null
}

/** Reads types from the catalog in one query, with all types that they consist of. Call it inside `beginSnapshot`. */
export async function resolveTypes(
  client: PgClient,
  declared: readonly DeclaredType[],
): Promise<(type: DeclaredType) => PgType> {
  const oids = [...new Set(declared.map(({ oid }) => oid))]
  const rows = await catalogRows<TypeRow>(client, TYPES, [oids])
  const moneyDigits: number = (await client.query(MONEY_DIGITS)).rows[0].digits
  const byOid = new Map(rows.map((row) => [Number(row.oid), row]))
  // a type that is part of several others is read once and shared
  const resolved = new Map<string, PgType>()

  function resolve(type: DeclaredType): PgType {
    const key = `${type.oid} ${type.modifier}`
    const found = resolved.get(key) ?? read(type)
    resolved.set(key, found)
    return found
  }

  function read({ oid, modifier }: DeclaredType): PgType {
    const row = byOid.get(oid) as TypeRow
    // the modifier of the domain applies, not that of the column
    if (row.kind === 'd') return resolve({ oid: Number(row.base), modifier: row.base_modifier })
    const { name, schema, kind, delimiter, extension } = row
    const fields = row.kind === 'c' ? (row.fields ?? []) : null
    return {
      oid,
      name,
      schema,
      kind,
      delimiter,
      extension,
      modifier,
      moneyDigits,
      element: row.element === null ? null : resolve({ oid: Number(row.element), modifier }),
      fields: fields?.map(([field, of, its]) => ({ name: field, type: resolve({ oid: of, modifier: its }) })) ?? null,
    }
  }
  return resolve
}
