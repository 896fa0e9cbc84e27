import type { PgType } from './pg-type.ts'
import { mappedName } from './pg-types.ts'

/**
 * Version of the recipe of each type: how Postgres sends its values, and what becomes of them on the way to the file. A
 * table that has not changed is not read again, so a file keeps what the recipe of its day made of it. Raise the
 * version of a type whenever the same value would be stored in another way: its SQL changes, also for one choice of the
 * user; its text is parsed or converted in another way; a fault is mended. Every table with a column of that type, also
 * inside arrays and composites, is then read in full once. `recipe-versions.json` pins the SQL of each version.
 */
export const RECIPE_VERSIONS: Readonly<Record<string, number>> = {
  bool: 1,
  int2: 1,
  int4: 1,
  int8: 1,
  oid: 1,
  float4: 1,
  float8: 1,
  numeric: 1,
  money: 1,
  text: 1,
  varchar: 1,
  bpchar: 1,
  name: 1,
  bytea: 1,
  date: 1,
  time: 1,
  timestamp: 1,
  timestamptz: 1,
  uuid: 1,
  json: 1,
  jsonb: 1,
  'citext.citext': 1,
  'hstore.hstore': 1,
  'postgis.geometry': 1,
  'postgis.geography': 1,
  'vector.vector': 1,
  'vector.halfvec': 1,
  'an enum': 1,
  'an array': 1,
  'a composite': 1,
  'any other': 1,
}

/** A name of `RECIPE_VERSIONS` and its version. */
export type Recipe = readonly [name: string, version: number]

/** The recipes that reading a type uses, each once, in order. */
export function recipesOf(type: PgType): readonly Recipe[] {
  const names = new Set<string>()
  const visited = new Set<PgType>()
  const visit = (of: PgType) => {
    if (visited.has(of)) return
    visited.add(of)
    names.add(recipeName(of))
    if (of.element) visit(of.element)
    for (const field of of.fields ?? []) visit(field.type)
  }
  visit(type)
  return [...names].sort().map((name) => [name, RECIPE_VERSIONS[name] as number])
}

function recipeName(type: PgType): string {
  if (type.element) return 'an array'
  if (type.fields) return 'a composite'
  return mappedName(type) ?? (type.kind === 'e' ? 'an enum' : 'any other')
}
