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
import { isoOffset, shortOffset, type TimeZone, UTC } from './time-zone.ts'

/*
 * Values as text and as JSON, exactly: every digit of a number, microseconds, and no conversion to double. Instants are
 * local times of a zone, with the zone's offset. text-sql.ts writes the same in SQL; a property test compares the two.
 */

/**
 * Returns the text of a value for people; null for NULL. Numbers and days as DuckDB writes them, instants as
 * `2026-02-18 04:00:12+01`, bytes as `\x` and hex; lists, structs and maps as JSON.
 */
export function valueText(value: DuckDBValue, type: DuckDBType, zone: TimeZone = UTC): string | null {
  if (value === null) return null
  if (isNested(type)) return valueJson(value, type, zone)
  return scalarText(value, type, zone, sqlInstant)
}

/** Returns the text of a value in CSV; null for NULL. As `valueText`, but instants are RFC 3339. */
export function fieldText(value: DuckDBValue, type: DuckDBType, zone: TimeZone = UTC): string | null {
  if (value === null) return null
  if (isNested(type)) return valueJson(value, type, zone)
  return scalarText(value, type, zone, isoInstant)
}

/**
 * Returns the JSON of a value. Integers and decimals are JSON numbers with all their digits. NaN and infinities, which
 * JSON lacks, are strings. Instants are RFC 3339, timestamps without a zone ISO 8601. Values of type JSON are inserted
 * unchanged, but without line breaks between their tokens.
 */
export function valueJson(value: DuckDBValue, type: DuckDBType, zone: TimeZone = UTC): string {
  if (value === null) return 'null'
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) {
    const { items } = value as DuckDBListValue | DuckDBArrayValue
    return `[${items.map((item) => valueJson(item, type.valueType, zone)).join(',')}]`
  }
  if (type instanceof DuckDBStructType) {
    const { entries } = value as DuckDBStructValue
    const fields = type.entryNames.map(
      (name, i) => `${jsonString(name)}:${valueJson(entries[name] ?? null, type.entryTypes[i] as DuckDBType, zone)}`,
    )
    return `{${fields.join(',')}}`
  }
  if (type instanceof DuckDBMapType) {
    const { entries } = value as DuckDBMapValue
    const fields = entries.map(
      ({ key, value: v }) =>
        `${jsonString(fieldText(key, type.keyType, zone) ?? 'null')}:${valueJson(v, type.valueType, zone)}`,
    )
    return `{${fields.join(',')}}`
  }
  if (type instanceof DuckDBUnionType && value instanceof DuckDBUnionValue) {
    return valueJson(value.value, type.memberTypes[type.memberTags.indexOf(value.tag)] as DuckDBType, zone)
  }
  if (isJson(type)) return String(value).replace(/[\n\r]/g, ' ')
  const text = scalarText(value, type, zone, isoInstant)
  if (isNumber(type)) return Number.isFinite(Number(text)) ? text : jsonString(text)
  if (type.typeId === DuckDBTypeId.BOOLEAN) return text
  return jsonString(isLocalTimestamp(type) ? isoText(text) : text)
}

/** Returns a text as a JSON string. Control characters are `\u001B`, in capitals as DuckDB writes them. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(/(?<!\\)((?:\\\\)*)\\u00([01][a-f])/g, (_, before, digits) => {
    return `${before}\\u00${digits.toUpperCase()}`
  })
}

/** True for types of numbers, whose columns align to the right. */
export function isNumber(type: DuckDBType): boolean {
  return NUMBERS.has(type.typeId)
}

export const NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
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

const LOCAL_TIMESTAMPS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
])

/** True for timestamps without a time zone. */
export const isLocalTimestamp = (type: DuckDBType): boolean => LOCAL_TIMESTAMPS.has(type.typeId)
export const isJson = (type: DuckDBType): boolean => type.alias === 'JSON'

function isNested(type: DuckDBType): boolean {
  return [DuckDBListType, DuckDBArrayType, DuckDBStructType, DuckDBMapType, DuckDBUnionType].some(
    (nested) => type instanceof nested,
  )
}

type InstantText = (micros: bigint, zone: TimeZone) => string

function scalarText(value: DuckDBValue, type: DuckDBType, zone: TimeZone, instant: InstantText): string {
  if (typeof value === 'number') {
    if (type.typeId === DuckDBTypeId.FLOAT) return doubleText(shortestFloat(value))
    return type.typeId === DuckDBTypeId.DOUBLE ? doubleText(value) : String(value)
  }
  if (value instanceof DuckDBTimestampTZValue) {
    // not its own toString, which uses the time zone of the machine
    return new DuckDBTimestampValue(value.micros).isFinite
      ? instant(value.micros, zone)
      : String(new DuckDBTimestampValue(value.micros))
  }
  if (value instanceof DuckDBDateValue && !value.isFinite) return value.days > 0 ? 'infinity' : '-infinity'
  if (value instanceof DuckDBBlobValue) return `\\x${Buffer.from(value.bytes).toString('hex')}`
  return String(value)
}

/** `2026-02-18 04:00:12+01` */
function sqlInstant(micros: bigint, zone: TimeZone): string {
  const offset = zone.offsetAt(micros)
  return `${localText(micros, offset)}${shortOffset(offset)}`
}

/** `2026-02-18T04:00:12+01:00`; beyond the years 1 to 9999, which RFC 3339 lacks, with a blank for the `T` */
function isoInstant(micros: bigint, zone: TimeZone): string {
  const offset = zone.offsetAt(micros)
  return `${isoText(localText(micros, offset))}${isoOffset(offset)}`
}

function localText(micros: bigint, offset: number): string {
  return String(new DuckDBTimestampValue(micros + BigInt(offset) * 1_000_000n))
}

/** `2026-02-18 03:00:12` -> `2026-02-18T03:00:12`; infinities, and years before 1 or after 9999, stay as they are. */
function isoText(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/.exec(text)
  return match ? `${match[1]}T${match[2]}` : text
}

/** Returns the shortest decimal of a binary64, as DuckDB writes it: `100.0`, `1e+16`, `1e-05`. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Object.is(value, -0)) return '-0.0'
  const scientific = value.toExponential()
  const [, digits = '', sign = '', exponent = ''] = /^(.*)e([+-])(\d+)$/.exec(scientific) ?? []
  const power = Number(sign + exponent)
  if (power < -4 || power >= 16) return `${digits}e${sign}${exponent.padStart(2, '0')}`
  const fixed = String(value)
  return fixed.includes('.') ? fixed : `${fixed}.0`
}

/**
 * Returns the double of the shortest decimal that is this binary32: JavaScript would print the digits of the double.
 */
function shortestFloat(value: number): number {
  // `toPrecision` gives -0 no sign
  if (!Number.isFinite(value) || value === 0) return value
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}
