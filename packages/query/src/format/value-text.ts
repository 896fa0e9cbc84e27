import type { DuckDBArrayValue, DuckDBListValue, DuckDBMapValue, DuckDBStructValue } from '@duckdb/node-api'
import {
  DuckDBArrayType,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionType,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api'

/*
 * Values as text and as JSON, exactly: every digit of a number, microseconds, and no conversion to double. Instants are
 * in UTC, whatever the session's time zone.
 */

/**
 * Returns the text of a value; null for NULL. Numbers and days as DuckDB writes them, bytes as `\x` and hex; lists,
 * structs and maps as JSON.
 */
export function valueText(value: DuckDBValue, type: DuckDBType): string | null {
  if (value === null) return null
  if (isNested(type)) return valueJson(value, type)
  return scalarText(value, type)
}

/**
 * Returns the JSON of a value. Integers and decimals are JSON numbers with all their digits. NaN and infinities, which
 * JSON lacks, are strings. Instants are ISO 8601 with `T` and `Z`. Values of type JSON are inserted unchanged.
 */
export function valueJson(value: DuckDBValue, type: DuckDBType): string {
  if (value === null) return 'null'
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) {
    const { items } = value as DuckDBListValue | DuckDBArrayValue
    return `[${items.map((item) => valueJson(item, type.valueType)).join(',')}]`
  }
  if (type instanceof DuckDBStructType) {
    const { entries } = value as DuckDBStructValue
    const fields = type.entryNames.map(
      (name, i) => `${JSON.stringify(name)}:${valueJson(entries[name] ?? null, type.entryTypes[i] as DuckDBType)}`,
    )
    return `{${fields.join(',')}}`
  }
  if (type instanceof DuckDBMapType) {
    const { entries } = value as DuckDBMapValue
    const fields = entries.map(
      ({ key, value: v }) =>
        `${JSON.stringify(valueText(key, type.keyType) ?? 'null')}:${valueJson(v, type.valueType)}`,
    )
    return `{${fields.join(',')}}`
  }
  if (type instanceof DuckDBUnionType && value instanceof DuckDBUnionValue) {
    return valueJson(value.value, type.memberTypes[type.memberTags.indexOf(value.tag)] as DuckDBType)
  }
  if (isJson(type)) return String(value)
  const text = scalarText(value, type)
  if (isNumber(type)) return Number.isFinite(Number(text)) ? text : JSON.stringify(text)
  if (type.typeId === DuckDBTypeId.BOOLEAN) return text
  return JSON.stringify(isTimestamp(type) ? isoText(text) : text)
}

/** True for types of numbers, whose columns align to the right. */
export function isNumber(type: DuckDBType): boolean {
  return NUMBERS.has(type.typeId)
}

const NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.BIGNUM,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
])

const TIMESTAMPS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_TZ,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
])

const isTimestamp = (type: DuckDBType) => TIMESTAMPS.has(type.typeId)
const isJson = (type: DuckDBType) => type.alias === 'JSON'

function isNested(type: DuckDBType): boolean {
  return [DuckDBListType, DuckDBArrayType, DuckDBStructType, DuckDBMapType, DuckDBUnionType].some(
    (nested) => type instanceof nested,
  )
}

function scalarText(value: DuckDBValue, type: DuckDBType): string {
  if (typeof value === 'number') return type.typeId === DuckDBTypeId.FLOAT ? floatText(value) : numberText(value)
  if (value instanceof DuckDBTimestampTZValue) {
    // not its own toString, which uses the time zone of the machine
    const utc = new DuckDBTimestampValue(value.micros)
    return utc.isFinite ? `${utc}+00` : String(utc)
  }
  if (value instanceof DuckDBDateValue && !value.isFinite) return value.days > 0 ? 'infinity' : '-infinity'
  if (value instanceof DuckDBBlobValue) return `\\x${Buffer.from(value.bytes).toString('hex')}`
  return String(value)
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Returns the shortest decimal of a binary32: JavaScript would print the digits of the double. */
function floatText(value: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return numberText(short)
  }
  return numberText(Number(value.toPrecision(9)))
}

/** `2026-02-18 03:00:12+00` -> `2026-02-18T03:00:12Z`; infinities and years before 1 stay as they are. */
function isoText(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?$/.exec(text)
  return match ? `${match[1]}T${match[2]}${match[3] ? 'Z' : ''}` : text
}
