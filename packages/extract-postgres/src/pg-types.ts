import type { ColumnType } from '@dwh/core'

/** A column's type as the catalog has it, domains already followed down to the type they rest on. */
export interface PgType {
  /** `pg_type.typname` */
  readonly name: string
  /** Its schema: a type of another schema may have the name of a built-in one. */
  readonly schema: string
  /** `atttypmod`, or the domain's; -1 for none. */
  readonly modifier: number
}

/** How a Postgres type is read and what it becomes. */
export interface TypeMapping {
  readonly type: ColumnType
  /** `exact`: the same value comes back. `text`: the exact text that Postgres prints. */
  readonly verdict: 'exact' | 'text'
  /** The SQL expression that sends a value of the (quoted) column as the text that `type` takes. */
  readonly select: (column: string) => string
  /** True for the types whose values are texts already. */
  readonly plainText?: boolean
}

const asItIs = (column: string) => column
const exact = (type: ColumnType, select = asItIs): TypeMapping => ({ type, verdict: 'exact', select })
const PLAIN: TypeMapping = { ...exact('VARCHAR'), plainText: true }
const TEXT: TypeMapping = { type: 'VARCHAR', verdict: 'text', select: asItIs }

/**
 * The one table of types. What is not in it travels, and stays, as the text of its output function under the settings of `beginSnapshot`:
 * not `::text`, which changes inet and char.
 */
const BUILT_IN: Readonly<Record<string, TypeMapping | ((modifier: number) => TypeMapping)>> = {
  bool: exact('BOOLEAN'),
  int2: exact('SMALLINT'),
  int4: exact('INTEGER'),
  int8: exact('BIGINT'),
  oid: exact('UINTEGER'),
  float4: exact('FLOAT'),
  float8: exact('DOUBLE'),
  numeric: decimal,
  // through numeric, since the output function follows lc_monetary
  money: exact('DECIMAL(19,2)', (column) => `${column}::pg_catalog.numeric`),
  text: PLAIN,
  varchar: PLAIN,
  bpchar: PLAIN,
  name: exact('VARCHAR'),
  bytea: exact('BLOB'),
  date: exact('DATE'),
  time: exact('TIME'),
  timestamp: exact('TIMESTAMP'),
  timestamptz: exact('TIMESTAMP WITH TIME ZONE'),
  uuid: exact('UUID'),
  json: exact('JSON'),
  jsonb: exact('JSON'),
}

/** What a Postgres type becomes. Every type has an answer; none is inferred from data. */
export function mapType(type: PgType): TypeMapping {
  const mapping = type.schema === 'pg_catalog' && Object.hasOwn(BUILT_IN, type.name) ? BUILT_IN[type.name] : undefined
  if (mapping === undefined) return TEXT
  return typeof mapping === 'function' ? mapping(type.modifier) : mapping
}

/**
 * numeric(p,s): the modifier holds p in its upper half and s as an 11-bit signed number, plus 4 (`numeric_typmod_*` in Postgres's numeric.c).
 * A negative scale counts digits before the point; a scale above the precision means zeros behind it.
 */
function decimal(modifier: number): TypeMapping {
  if (modifier < 4) return TEXT
  const precision = ((modifier - 4) >> 16) & 0xffff
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024
  const digits = Math.max(scale < 0 ? precision - scale : precision, scale)
  return digits > 38 ? TEXT : exact(`DECIMAL(${digits},${Math.max(scale, 0)})`)
}
