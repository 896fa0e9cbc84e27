import {
  DuckDBArrayType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api'
import { quoteLiteral } from '@dwh/core'
import { isJson, isLocalTimestamp, isNumber, jsonString, NUMBERS } from './value-text.ts'

/*
 * The texts of value-text.ts as SQL expressions, so that DuckDB writes them. A type that is missing here is written by
 * value-text.ts. Of a FLOAT with several shortest decimals, the two may write different ones.
 */

/** A value in SQL, written twice or more: a column or a lambda's parameter, never a call. */
export interface SqlValue {
  readonly sql: string
  /** For an instant: its local time in the session's zone, a TIMESTAMP. */
  readonly local: string
}

/** Returns SQL for the text that `fieldText` returns, NULL for NULL; null for a type that DuckDB cannot write so. */
export function fieldSql(value: SqlValue, type: DuckDBType): string | null {
  const { sql } = value
  if (isNested(type)) {
    const json = nestedSql(sql, type, 0)
    return json && `CASE WHEN ${sql} IS NOT NULL THEN ${json} END`
  }
  if (isFloat(type)) return floatSql(sql, '')
  if (type.typeId === DuckDBTypeId.TIMESTAMP_TZ) return instantSql(value, '')
  if (type.typeId === DuckDBTypeId.BLOB) return `'\\x' || lower(hex(${sql}))`
  if (isJson(type) || AS_TEXT.has(type.typeId)) return sql
  return null
}

/** Returns SQL for the text that `valueJson` returns; null for a type that DuckDB cannot write so. */
export function jsonSql(value: SqlValue, type: DuckDBType, depth = 0): string | null {
  const { sql } = value
  if (isNested(type)) {
    const json = nestedSql(sql, type, depth)
    return json && `CASE WHEN ${sql} IS NULL THEN 'null' ELSE ${json} END`
  }
  const text = scalarSql(value, type)
  return text && `coalesce(${text}, 'null')`
}

/** JSON of a value that is not nested; NULL for NULL. */
function scalarSql(value: SqlValue, type: DuckDBType): string | null {
  const { sql } = value
  if (isJson(type)) return `translate(${sql}::VARCHAR, chr(10) || chr(13), '  ')`
  if (isFloat(type)) return floatSql(sql, '"')
  if (type.typeId === DuckDBTypeId.TIMESTAMP_TZ) return instantSql(value, '"')
  if (type.typeId === DuckDBTypeId.BLOB) return `'"\\\\x' || lower(hex(${sql})) || '"'`
  if (type.typeId === DuckDBTypeId.VARCHAR || type.typeId === DuckDBTypeId.ENUM)
    return `to_json(${sql}::VARCHAR)::VARCHAR`
  if (isNumber(type) || type.typeId === DuckDBTypeId.BOOLEAN) return `${sql}::VARCHAR`
  // a timestamp before the year 1 has a word between its day and its time
  if (isLocalTimestamp(type) && type.typeId !== DuckDBTypeId.TIMESTAMP_NS) return `'"' || ${isoTimestamp(sql)} || '"'`
  if (type.typeId === DuckDBTypeId.TIMESTAMP_NS) return `'"' || replace(${sql}::VARCHAR, ' ', 'T') || '"'`
  return AS_TEXT.has(type.typeId) ? `'"' || ${sql}::VARCHAR || '"'` : null
}

/** Types whose text is DuckDB's own. */
const AS_TEXT: ReadonlySet<DuckDBTypeId> = new Set([
  ...NUMBERS,
  DuckDBTypeId.BOOLEAN,
  DuckDBTypeId.VARCHAR,
  DuckDBTypeId.ENUM,
  DuckDBTypeId.DATE,
  DuckDBTypeId.TIME,
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
  DuckDBTypeId.INTERVAL,
  DuckDBTypeId.UUID,
  DuckDBTypeId.BIT,
])

const isFloat = ({ typeId }: DuckDBType) => typeId === DuckDBTypeId.FLOAT || typeId === DuckDBTypeId.DOUBLE

function isNested(type: DuckDBType): boolean {
  return [DuckDBListType, DuckDBArrayType, DuckDBStructType, DuckDBMapType].some((nested) => type instanceof nested)
}

/** JSON of a list, an array, a struct or a map that is not NULL. */
function nestedSql(sql: string, type: DuckDBType, depth: number): string | null {
  const item = `_${depth}`
  const inner = (path: string, of: DuckDBType) => jsonSql({ sql: path, local: `${path}::TIMESTAMP` }, of, depth + 1)
  const joined = (list: string, text: string) =>
    `array_to_string(list_transform(${list}, lambda ${item}: ${text}), ',')`
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) {
    const text = inner(item, type.valueType)
    const list = type instanceof DuckDBArrayType ? `${sql}::${type.valueType}[]` : sql
    return text && `'[' || ${joined(list, text)} || ']'`
  }
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((name, i) => {
      if (name === '') return null
      const text = inner(`struct_extract(${sql}, ${quoteLiteral(name)})`, type.entryTypes[i] as DuckDBType)
      return text && `${quoteLiteral(`${i === 0 ? '' : ','}${jsonString(name)}:`)}, ${text}`
    })
    return fields.includes(null) ? null : `concat('{', ${fields.join(', ')}, '}')`
  }
  if (type instanceof DuckDBMapType) {
    const key = fieldSql({ sql: `${item}.key`, local: `${item}.key::TIMESTAMP` }, type.keyType)
    const text = inner(`${item}.value`, type.valueType)
    return (
      key && text && `'{' || ${joined(`map_entries(${sql})`, `to_json((${key})::VARCHAR) || ':' || ${text}`)} || '}'`
    )
  }
  return null
}

/** NaN and infinities as Postgres and JavaScript write them, within quotes. */
function floatSql(sql: string, quote: string): string {
  const word = (text: string) => quoteLiteral(`${quote}${text}${quote}`)
  return `CASE WHEN isfinite(${sql}) THEN ${sql}::VARCHAR WHEN isnan(${sql}) THEN ${word('NaN')}
    WHEN ${sql} > 0 THEN ${word('Infinity')} WHEN ${sql} < 0 THEN ${word('-Infinity')} END`
}

/** RFC 3339 in the session's zone, within quotes. */
function instantSql({ sql, local }: SqlValue, quote: string): string {
  const micros = `(epoch_us(${local}) - epoch_us(${sql}))`
  const time = `make_timestamp(abs(${micros}))::TIME::VARCHAR`
  // an offset of before the time zones has seconds
  const size = `left(${time}, CASE WHEN ${micros} % 60000000 = 0 THEN 5 ELSE 8 END)`
  const sign = `CASE WHEN ${micros} < 0 THEN '-' ELSE '+' END`
  const offset = `CASE ${micros} WHEN 0 THEN 'Z${quote}' ELSE concat(${sign}, ${size}, '${quote}') END`
  const text = isoTimestamp(local)
  const whole = `concat('${quote}', ${text}, ${offset})`
  const infinite = `concat('${quote}', ${sql}::VARCHAR, '${quote}')`
  return `CASE WHEN isfinite(${sql}) THEN ${whole} WHEN ${sql} IS NOT NULL THEN ${infinite} END`
}

/** With a `T` within the years 1 to 9999, otherwise as DuckDB writes it. */
function isoTimestamp(sql: string): string {
  const inFourDigits = `${sql} >= TIMESTAMP '0001-01-01 00:00:00' AND ${sql} < TIMESTAMP '10000-01-01 00:00:00'`
  return `CASE WHEN ${inFourDigits} THEN replace(${sql}::VARCHAR, ' ', 'T') ELSE ${sql}::VARCHAR END`
}
