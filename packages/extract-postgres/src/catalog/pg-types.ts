import { type ColumnType, elementType, type ScalarType } from '@dwh/core'
import { isBeyondJson } from './json-form.ts'
import { jsonSql } from './json-sql.ts'
import { jsonTextSql } from './json-text-sql.ts'
import { isFiniteNumber } from './number-line.ts'
import { arrayTexts, elementTexts, filledText, outputText } from './output-text.ts'
import type { PgType } from './pg-type.ts'
import { withBytes } from './text-encodings.ts'
import type { TypeMapping } from './type-mapping.ts'

type Sql = (column: string) => string

/** A type of the table below, and how an array of it becomes a JSON array of texts. */
interface ScalarMapping extends TypeMapping {
  readonly type: ScalarType
  readonly array: Sql
}

const asItIs: Sql = (column) => column

/** For a built-in type whose array `to_json` already converts to strings. */
const arrayItself: Sql = (column) => `pg_catalog.to_json(${column})`
/** Uses the output function of the elements. */
const arrayOfTexts: Sql = (column) => `pg_catalog.to_json(${arrayTexts(column)})`
/** The same, element by element. `text`: of one element. */
const arrayOfEach =
  (text: Sql): Sql =>
  (column) =>
    `CASE WHEN ${column} IS NOT NULL THEN pg_catalog.to_json(${elementTexts(column, text)}) END`

const TEXT: ScalarMapping = {
  type: 'VARCHAR',
  verdict: 'text',
  select: asItIs,
  value: asItIs,
  array: arrayOfTexts,
  allowedTypes: {},
}
const AS_TEXT: TypeMapping = TEXT

/** Sent as JSON that Postgres builds; measured by the output functions of all inner values. */
function asJson(type: PgType): TypeMapping {
  if (isBeyondJson(type)) return AS_TEXT
  return {
    type: 'JSON',
    verdict: 'exact',
    select: (column) => jsonSql(type, column),
    value: (column) => jsonTextSql(type, column),
    plainText: true,
    allowedTypes: { text: AS_TEXT, json: asJsonText(type) },
  }
}

/** The same JSON, in a VARCHAR. */
function asJsonText(type: PgType): TypeMapping {
  return {
    ...TEXT,
    select: (column) => jsonSql(type, column),
    value: (column) => jsonTextSql(type, column),
    plainText: true,
  }
}

function exact(type: ScalarType, more: Partial<ScalarMapping> = {}): ScalarMapping {
  return {
    type,
    verdict: 'exact',
    select: asItIs,
    value: asItIs,
    array: arrayOfTexts,
    allowedTypes: type === 'VARCHAR' ? {} : { text: AS_TEXT },
    ...more,
  }
}

const BINARY = { binary: true }
const PLAIN = exact('VARCHAR', { plainText: true, array: arrayItself })

/** Stores NULL for values that the type cannot hold. */
function nullify(mapping: TypeMapping, fits: Sql): TypeMapping {
  const value: Sql = (column) => `CASE WHEN ${fits(column)} THEN ${column} END`
  return {
    ...mapping,
    select: value,
    value,
    binary: false,
    allowedTypes: {},
    lossy: (column) => `NOT (${fits(column)})`,
  }
}

/** A numeric is sent as digits, and DuckDB converts them to a double. A value whose digits change is counted. */
function asDouble(number: Sql): TypeMapping {
  const value: Sql = (column) => `${number(column)}::pg_catalog.float8`
  return {
    ...exact('DOUBLE', { select: number, value }),
    allowedTypes: {},
    lossy: (column) => `${filledText(value(column))}::pg_catalog.numeric <> ${number(column)}`,
  }
}

function withNumericChoices(mapping: ScalarMapping): ScalarMapping {
  const double = asDouble(mapping.value)
  if (mapping.type === 'VARCHAR' && !mapping.inferred) return { ...mapping, allowedTypes: { double } }
  return { ...mapping, allowedTypes: { text: AS_TEXT, double, nullify: nullify(mapping, isFiniteNumber) } }
}

/**
 * The last timestamp of DuckDB's 64 bits; Postgres goes thirty years further.
 * https://duckdb.org/docs/stable/sql/data_types/timestamp
 */
const LAST_MOMENT = '294247-01-10 04:00:54.775806'

const isFiniteMoment: Sql = (column) => `pg_catalog.isfinite(${column})`

/** A day: NULL for the infinities, if the user chose so. */
function day(): ScalarMapping {
  const mapping = exact('DATE', BINARY)
  return { ...mapping, allowedTypes: { ...mapping.allowedTypes, nullify: nullify(mapping, isFiniteMoment) } }
}

function moment(type: 'TIMESTAMP' | 'TIMESTAMP WITH TIME ZONE', last: string): ScalarMapping {
  const mapping = exact(type, BINARY)
  const iso8601: Sql = (column) => `(pg_catalog.to_json(${column}) #>> '{}')`
  const fits: Sql = (column) => `(${column} <= ${last} AND ${isFiniteMoment(column)})`
  return {
    ...mapping,
    allowedTypes: {
      text: AS_TEXT,
      iso8601: { ...TEXT, select: iso8601, value: iso8601, plainText: true },
      nullify: nullify(mapping, fits),
    },
  }
}

/** numeric without precision: DECIMAL(38,s) if every value fits; `decideType` receives the result. */
const INFERRED_NUMERIC: ScalarMapping = withNumericChoices({ ...TEXT, inferred: 'scale' })

/**
 * The table of types. A type that is not in it is sent and stored as the text of its output function under the settings
 * of `beginSnapshot`: not as `::text`, which changes inet and char.
 */
const BUILT_IN: Readonly<Record<string, ScalarMapping | ((type: PgType) => ScalarMapping)>> = {
  bool: exact('BOOLEAN', BINARY),
  int2: exact('SMALLINT', BINARY),
  int4: exact('INTEGER', BINARY),
  int8: exact('BIGINT', BINARY),
  oid: exact('UINTEGER', BINARY),
  float4: exact('FLOAT', BINARY),
  float8: exact('DOUBLE', BINARY),
  numeric: decimal,
  money,
  text: { ...PLAIN, ...BINARY },
  varchar: { ...PLAIN, ...BINARY },
  bpchar: PLAIN,
  name: exact('VARCHAR', { array: arrayItself }),
  bytea: exact('BLOB', { array: arrayItself, ...BINARY }),
  date: day(),
  time: exact('TIME', BINARY),
  timestamp: moment('TIMESTAMP', `TIMESTAMP '${LAST_MOMENT}'`),
  timestamptz: moment('TIMESTAMP WITH TIME ZONE', `TIMESTAMPTZ '${LAST_MOMENT}+00'`),
  uuid: exact('UUID', BINARY),
  json: exact('JSON', BINARY),
  jsonb: exact('JSON', BINARY),
}

/** Types of extensions, by the names of extension and type; the schema may be any. */
const OF_EXTENSIONS: Readonly<Record<string, TypeMapping | ((type: PgType) => TypeMapping)>> = {
  'citext.citext': exact('VARCHAR'),
  'hstore.hstore': asJson,
  'postgis.geometry': bytesInHex(),
  'postgis.geography': bytesInHex(),
  'vector.vector': floatsInBrackets(),
  'vector.halfvec': floatsInBrackets(),
}

/** EWKB, which its output function prints in hex: https://postgis.net/docs/ST_AsEWKB.html */
function bytesInHex(): ScalarMapping {
  const value: Sql = (column) => `pg_catalog.decode(${filledText(column)}, 'hex')`
  return exact('BLOB', { select: value, value, array: arrayOfEach(value) })
}

/** Its output has the form `[1,2.5]`. */
function floatsInBrackets(): TypeMapping {
  return listOf(
    exact('FLOAT'),
    (column) => `pg_catalog.translate(${filledText(column)}, '[]', '{}')::pg_catalog.float4[]`,
  )
}

/**
 * Maps a Postgres type to its type in the warehouse. Every type has a mapping. The type never comes from a sample of
 * the data: where the values decide (`inferred`), all of them are checked.
 */
export function mapType(type: PgType): TypeMapping {
  return withBytes(mapByItself(type), type)
}

function mapByItself(type: PgType): TypeMapping {
  if (type.element) return arrayOf(type, mapType(type.element))
  if (type.fields) return asJson(type)
  const found = mappingOf(type) ?? (type.kind === 'e' ? exact('VARCHAR', BINARY) : TEXT)
  const mapping = typeof found === 'function' ? found(type) : found
  // an array of text separates its elements by commas
  if (!isScalar(mapping) || mapping.array !== arrayOfTexts || type.delimiter === ',') return mapping
  const oneByOne: ScalarMapping = { ...mapping, array: arrayOfEach(outputText) }
  return oneByOne
}

/** The key of a type in one of the tables above; null for a type that is in neither. */
export function mappedName({ schema, name, extension }: PgType): string | null {
  if (extension !== null) return Object.hasOwn(OF_EXTENSIONS, `${extension}.${name}`) ? `${extension}.${name}` : null
  return schema === 'pg_catalog' && Object.hasOwn(BUILT_IN, name) ? name : null
}

function mappingOf(type: PgType): TypeMapping | ((type: PgType) => TypeMapping) | undefined {
  const name = mappedName(type)
  return name === null ? undefined : (type.extension === null ? BUILT_IN : OF_EXTENSIONS)[name]
}

/** The keys of both tables. */
export const MAPPED_NAMES: readonly string[] = [...Object.keys(BUILT_IN), ...Object.keys(OF_EXTENSIONS)]

/** An array becomes a list if all values have one dimension that begins at 1, else JSON. */
function arrayOf(type: PgType, element: TypeMapping): TypeMapping {
  const json = asJson(type)
  return isScalar(element) ? { ...json, inferred: 'shape', element } : json
}

function isScalar(mapping: TypeMapping): mapping is ScalarMapping {
  return 'array' in mapping
}

function listOf(element: ScalarMapping, array: Sql = asItIs): TypeMapping {
  const type: ColumnType = `${element.type}[]`
  return {
    type,
    verdict: element.verdict,
    select: (column) => element.array(array(column)),
    value: array,
    element,
    allowedTypes: { text: AS_TEXT },
  }
}

/** The type of an inferred column whose values need nothing wider. */
export function expectedType({ type, inferred, element }: TypeMapping): ColumnType {
  if (inferred === 'scale') return 'DECIMAL(38,0)'
  return element === undefined ? type : `${expectedType(element) as ScalarType}[]`
}

/** The mapping of an inferred column whose type has been decided. */
export function decideType(mapping: TypeMapping, type: ColumnType): TypeMapping {
  const { inferred, ...decided } = mapping
  if (inferred === undefined || type === mapping.type) return decided
  // the digits are the same however they are stored
  if (inferred === 'scale') return { ...decided, type, verdict: 'exact' }
  const element = decideType(mapping.element as TypeMapping, elementType(type) as ScalarType)
  return listOf(element as ScalarMapping)
}

/** Converted through numeric, since the output function follows lc_monetary. */
function money({ moneyDigits }: PgType): ScalarMapping {
  const value: Sql = (column) => `${column}::pg_catalog.numeric`
  const array: Sql = (column) => arrayOfTexts(`${column}::pg_catalog.numeric[]`)
  return exact(`DECIMAL(19,${Math.max(moneyDigits, 2)})`, {
    select: value,
    value,
    array,
    // the digits as text, too: the output function follows lc_monetary
    allowedTypes: { text: { ...TEXT, select: value, value } },
  })
}

/**
 * numeric(p,s): the modifier contains p in its upper half and s as an 11-bit signed number, plus 4 (`numeric_typmod_*`
 * in Postgres's numeric.c). A negative scale counts digits before the point; a scale above the precision means zeros
 * after it.
 */
function decimal({ modifier }: PgType): ScalarMapping {
  if (modifier < 4) return INFERRED_NUMERIC
  const precision = ((modifier - 4) >> 16) & 0xffff
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024
  const digits = Math.max(scale < 0 ? precision - scale : precision, scale)
  const mapping =
    digits > 38 ? TEXT : exact(`DECIMAL(${digits},${Math.max(scale, 0)})`, { binary: scale >= 0 && scale <= precision })
  return withNumericChoices(mapping)
}
