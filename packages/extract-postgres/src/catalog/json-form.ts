import { isBroken } from './catalog-rows.ts'
import type { PgType } from './pg-type.ts'

/**
 * What a value inside a container is in JSON. It is what the value is outside of one: a number a number, a text the same text. What JSON has no form for is the text of its output function, bytes among
 * them. `moment`: the ISO 8601 that `to_json` gives; `vector`: a list of numbers.
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

/** The form of a type that is neither an array nor a composite. */
export function jsonForm(type: PgType): JsonForm {
  const forms = isBuiltIn(type) ? OF_BUILT_IN : OF_EXTENSIONS
  const name = isBuiltIn(type) ? type.name : `${type.extension}.${type.name}`
  return (Object.hasOwn(forms, name) && forms[name]) || 'text'
}

/** The oid from which types are made after initdb (FirstNormalObjectId in Postgres's transam.h): for these `to_json` looks for casts. */
const FIRST_OF_USERS = 16_384

export const isBuiltIn = ({ oid }: PgType): boolean => oid < FIRST_OF_USERS

/** Built in, and not what its output function prints: an array for `to_json` though it is none for others, and what the server's lc_monetary says. */
const OTHERWISE_IN_JSON: readonly string[] = ['int2vector', 'oidvector', 'money']

/** True where `to_json` of a value is as it has to be, whatever casts there are: it asks for none of what is built in, of composites and of arrays. */
export function isPlain(type: PgType): boolean {
  if (type.element) return isPlain(type.element)
  if (type.fields) return type.fields.every((field) => isPlain(field.type))
  return isBuiltIn(type) && !OTHERWISE_IN_JSON.includes(type.name)
}

/** Where a column's SQL would be longer than a server should parse, for a composite of composites of composites. */
const MOST_VALUES = 5_000
const DEEPEST = 50

/** True for what has more values, or is deeper, than any table was seen to be, and for fields whose names no statement can have: such a column is the text of its output function. */
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
  /** True where a field's name has bytes that are no text. */
  readonly nameless: boolean
}
