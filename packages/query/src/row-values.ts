import {
  DuckDBArrayType,
  type DuckDBArrayValue,
  DuckDBListType,
  type DuckDBListValue,
  DuckDBMapType,
  type DuckDBMapValue,
  DuckDBStructType,
  type DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionType,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api'
import { type TimeZone, timeZone } from './format/time-zone.ts'
import { uniqueNames } from './format/unique-names.ts'
import { fieldText, isJson, isLocalTimestamp, valueJson } from './format/value-text.ts'
import type { QueryResult } from './query-result.ts'

/** A value of a row in JavaScript. `JSON.stringify` writes each as it is. */
export type RowValue = null | boolean | number | string | RowValue[] | { [name: string]: RowValue }

/** A row by the names of its columns; repeated names get `_1`, `_2`. */
export type Row = Record<string, RowValue>

/**
 * Yields the rows of a result as JavaScript values, in batches of at most 2,048. Exact: what a double cannot hold is a
 * string.
 *
 * - BOOLEAN: a boolean. Integers: a number, or a string of digits beyond 2^53 - 1. FLOAT, DOUBLE: a number; NaN and
 *   infinities are strings. DECIMAL: a string with all its digits.
 * - DATE, TIME, INTERVAL, UUID, ENUM, BIT, VARCHAR: a string. TIMESTAMP: a string, ISO 8601. TIMESTAMPTZ: a string,
 *   RFC 3339 with the session's offset. BLOB: a string, `\x` and hex. JSON: a string, the document.
 * - LIST, ARRAY: an array. STRUCT, MAP: an object. NULL: null.
 */
export async function* rowValues({ columns, rows, timeZone: zone }: QueryResult): AsyncGenerator<Row[]> {
  const names = uniqueNames(columns.map(({ name }) => name))
  const local = timeZone(zone)
  for await (const batch of rows)
    yield batch.map((row) =>
      Object.fromEntries(columns.map(({ type }, i) => [names[i] as string, rowValue(row[i] ?? null, type, local)])),
    )
}

function rowValue(value: DuckDBValue, type: DuckDBType, zone: TimeZone): RowValue {
  if (value === null) return null
  if (typeof value === 'boolean') return value
  if (typeof value === 'bigint' && type.typeId !== DuckDBTypeId.DECIMAL)
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? Number(fieldText(value, type, zone)) : String(value)
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType)
    return (value as DuckDBListValue | DuckDBArrayValue).items.map((item) => rowValue(item, type.valueType, zone))
  if (type instanceof DuckDBStructType) {
    const { entries } = value as DuckDBStructValue
    return Object.fromEntries(
      type.entryNames.map((name, i) => [name, rowValue(entries[name] ?? null, type.entryTypes[i] as DuckDBType, zone)]),
    )
  }
  if (type instanceof DuckDBMapType) {
    const { entries } = value as DuckDBMapValue
    return Object.fromEntries(
      entries.map(({ key, value: v }) => [
        fieldText(key, type.keyType, zone) ?? 'null',
        rowValue(v, type.valueType, zone),
      ]),
    )
  }
  if (type instanceof DuckDBUnionType && value instanceof DuckDBUnionValue)
    return rowValue(value.value, type.memberTypes[type.memberTags.indexOf(value.tag)] as DuckDBType, zone)
  if (isJson(type)) return String(value)
  if (isLocalTimestamp(type)) return JSON.parse(valueJson(value, type, zone))
  return fieldText(value, type, zone)
}
