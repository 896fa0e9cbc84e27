import { isBroken } from './catalog-rows.ts'
import type { PgType } from './pg-type.ts'

/**
 * The JSON form of a value inside a container, the same as outside: a number stays a number, a text the same text. A
 * value without a JSON form, bytes included, becomes the text of its output function. `moment`: the ISO 8601 text of
 * `to_json`; `vector`: a list of numbers.
 */
export type JsonForm = 'boolean' | 'number' | 'money' | 'moment' | 'document' | 'object' | 'vector' | 'text'

const OF_BUILT_IN: Readonly<Record<string, JsonForm>> = {
  bool: 'boolean',
  int2: 'number',
  int4: 'number',
  int8: 'number',
  float4: 'number',
  float8: 'number',
  numeric: 'number',
  money: 'money',
  date: 'moment',
  timestamp: 'moment',
  timestamptz: 'moment',
  json: 'document',
  jsonb: 'document',
}

const OF_EXTENSIONS: Readonly<Record<string, JsonForm>> = {
  'hstore.hstore': 'object',
  'vector.vector': 'vector',
  'vector.halfvec': 'vector',
}

/** The JSON form of a type that is neither an array nor a composite. */
export function jsonForm(type: PgType): JsonForm {
  const forms = isBuiltIn(type) ? OF_BUILT_IN : OF_EXTENSIONS
  const name = isBuiltIn(type) ? type.name : `${type.extension}.${type.name}`
  return (Object.hasOwn(forms, name) && forms[name]) || 'text'
}

/**
 * The first oid of types created after initdb (FirstNormalObjectId in Postgres's transam.h): for these types, `to_json`
 * looks for casts.
 */
export const FIRST_OF_USERS = 16_384

export const isBuiltIn = ({ oid }: PgType): boolean => oid < FIRST_OF_USERS

/**
 * Built-in types for which `to_json` does not give the text of the output function: it treats the first two as arrays,
 * and money depends on lc_monetary.
 */
const OTHERWISE_IN_JSON: readonly string[] = ['int2vector', 'oidvector', 'money']

/**
 * True if `to_json` gives the right result whatever casts exist: it looks for no casts of built-in types, composites
 * and arrays.
 */
export function isPlain(type: PgType): boolean {
  if (type.element) return isPlain(type.element)
  if (type.fields) return type.fields.every((field) => isPlain(field.type))
  return isBuiltIn(type) && !OTHERWISE_IN_JSON.includes(type.name)
}

/** Limits for composites of composites: the SQL of a column must not get longer than a server should parse. */
const MOST_VALUES = 5_000
const DEEPEST = 50

/**
 * True for a type with more values or more levels than any known table, and for fields whose names no statement can
 * contain. Such a column becomes the text of its output function.
 */
export function isBeyondJson(type: PgType): boolean {
  const sizes = new Map<PgType, Size>()
  const size = (of: PgType): Size => {
    const known = sizes.get(of)
    if (known) return known
    const parts = of.element ? [of.element] : (of.fields ?? []).map((field) => field.type)
    const inner = parts.map(size)
    const found = {
      values: inner.reduce((sum, { values }) => sum + values, 1),
      depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
      nameless: inner.some(({ nameless }) => nameless) || (of.fields ?? []).some(({ name }) => isBroken(name)),
    }
    sizes.set(of, found)
    return found
  }
  const { values, depth, nameless } = size(type)
  return values > MOST_VALUES || depth > DEEPEST || nameless
}

interface Size {
  readonly values: number
  readonly depth: number
  /** True if the name of a field has bytes that are not text. */
  readonly nameless: boolean
}
