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

/** A type of the table below, with how an array of it becomes a JSON array of texts. */
interface ScalarMapping extends TypeMapping {
  readonly type: ScalarType
  readonly array: Sql
}

const asItIs: Sql = (column) => column

/** Of a type whose own array is one of strings for `to_json`: a text, built in. */
const arrayItself: Sql = (column) => `pg_catalog.to_json(${column})`
/** By the output function of the elements. */
const arrayOfTexts: Sql = (column) => `pg_catalog.to_json(${arrayTexts(column)})`
/** The same one by one. `text`: of an element. */
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

/** Sent as Postgres makes JSON of it, and measured by what the output functions of all that is in it print. */
function asJson(type: PgType): TypeMapping {
  if (isBeyondJson(type)) return AS_TEXT
  return {
    type: 'JSON',
    verdict: 'exact',
    select: (column) => jsonSql(type, column),
    value: (column) => jsonTextSql(type, column),
    plainText: true,
    allowedTypes: { text: AS_TEXT },
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

/** NULL for what the type does not take. */
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

/** A numeric travels as its digits, and DuckDB makes the double of them; a double that gives other digits than it got is counted. */
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

/** The last moment of DuckDB's 64 bits; Postgres goes thirty years further. https://duckdb.org/docs/stable/sql/data_types/timestamp */
const LAST_MOMENT = '294247-01-10 04:00:54.775806'

function moment(type: 'TIMESTAMP' | 'TIMESTAMP WITH TIME ZONE', last: string): ScalarMapping {
  const mapping = exact(type, BINARY)
  const iso8601: Sql = (column) => `(pg_catalog.to_json(${column}) #>> '{}')`
  const fits: Sql = (column) => `(${column} <= ${last} OR NOT pg_catalog.isfinite(${column}))`
  return {
    ...mapping,
    allowedTypes: {
      text: AS_TEXT,
      iso8601: { ...TEXT, select: iso8601, value: iso8601, plainText: true },
      nullify: nullify(mapping, fits),
    },
  }
}

/** numeric without precision: a DECIMAL(38,s) where every value fits, which `decideType` is told. */
const INFERRED_NUMERIC: ScalarMapping = withNumericChoices({ ...TEXT, inferred: 'scale' })

/**
 * The one table of types. What is not in it travels, and stays, as the text of its output function under the settings of `beginSnapshot`:
 * not `::text`, which changes inet and char.
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
  date: exact('DATE', BINARY),
  time: exact('TIME', BINARY),
  timestamp: moment('TIMESTAMP', `TIMESTAMP '${LAST_MOMENT}'`),
  timestamptz: moment('TIMESTAMP WITH TIME ZONE', `TIMESTAMPTZ '${LAST_MOMENT}+00'`),
  uuid: exact('UUID', BINARY),
  json: exact('JSON', BINARY),
  jsonb: exact('JSON', BINARY),
}

/** Types of extensions, by the extension's name and theirs; the schema is where somebody put it. */
const OF_EXTENSIONS: Readonly<Record<string, TypeMapping | ((type: PgType) => TypeMapping)>> = {
  'citext.citext': exact('VARCHAR'),
  'hstore.hstore': asJson,
  'postgis.geometry': bytesInHex(),
  'postgis.geography': bytesInHex(),
  'vector.vector': floatsInBrackets(),
  'vector.halfvec': floatsInBrackets(),
}

/** EWKB, which is what its output function prints in hex: https://postgis.net/docs/ST_AsEWKB.html */
function bytesInHex(): ScalarMapping {
  const value: Sql = (column) => `pg_catalog.decode(${filledText(column)}, 'hex')`
  return exact('BLOB', { select: value, value, array: arrayOfEach(value) })
}

/** `[1,2.5]` is what it prints. */
function floatsInBrackets(): TypeMapping {
  return listOf(
    exact('FLOAT'),
    (column) => `pg_catalog.translate(${filledText(column)}, '[]', '{}')::pg_catalog.float4[]`,
  )
}

/** What a Postgres type becomes. Every type has an answer; none is inferred from data, and what data decides (`open`) is found by looking at all of it. */
export function mapType(type: PgType): TypeMapping {
  return withBytes(mapByItself(type), type)
}

function mapByItself(type: PgType): TypeMapping {
  if (type.element) return arrayOf(type, mapType(type.element))
  if (type.fields) return asJson(type)
  const found = mappingOf(type) ?? (type.kind === 'e' ? exact('VARCHAR', BINARY) : TEXT)
  const mapping = typeof found === 'function' ? found(type) : found
  // a comma is what an array of text has between its elements
  if (!isScalar(mapping) || mapping.array !== arrayOfTexts || type.delimiter === ',') return mapping
  const oneByOne: ScalarMapping = { ...mapping, array: arrayOfEach(outputText) }
  return oneByOne
}

function mappingOf({ schema, name, extension }: PgType): TypeMapping | ((type: PgType) => TypeMapping) | undefined {
  const types = extension === null ? BUILT_IN : OF_EXTENSIONS
  const key = extension === null ? name : `${extension}.${name}`
  return (extension !== null || schema === 'pg_catalog') && Object.hasOwn(types, key) ? types[key] : undefined
}

/** An array is a list where all of its values are of one dimension that begins at 1; what has no such form is JSON. */
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

/** The mapping of an inferred column whose type has been decided. */
export function decideType(mapping: TypeMapping, type: ColumnType): TypeMapping {
  const { inferred, ...decided } = mapping
  if (inferred === undefined || type === mapping.type) return decided
  // digits are digits, however they are stored
  if (inferred === 'scale') return { ...decided, type, verdict: 'exact' }
  const element = decideType(mapping.element as TypeMapping, elementType(type) as ScalarType)
  return listOf(element as ScalarMapping)
}

/** Through numeric, since the output function follows lc_monetary. */
function money({ moneyDigits }: PgType): ScalarMapping {
  const value: Sql = (column) => `${column}::pg_catalog.numeric`
  const array: Sql = (column) => arrayOfTexts(`${column}::pg_catalog.numeric[]`)
  return exact(`DECIMAL(19,${Math.max(moneyDigits, 2)})`, { select: value, value, array })
}

/**
 * numeric(p,s): the modifier holds p in its upper half and s as an 11-bit signed number, plus 4 (`numeric_typmod_*` in Postgres's numeric.c).
 * A negative scale counts digits before the point; a scale above the precision means zeros behind it.
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
