import { type CellValue, type ColumnType, DwhError, elementType, type ScalarType } from '@dwh/core'

/*
 * The text forms that a column type takes, and the JavaScript values that mean the same. DuckDB's own casts are more generous than a warehouse can be:
 * they round `1.5` to an INTEGER, cut `1.005` to a DECIMAL(10,2) and read `2026-01-01 garbage` as a DATE. So a value that a program made is held
 * against these forms first; a value that the source's own output function wrote is not (`TableData.canonical`).
 */

const DATE = String.raw`\d{4,}-\d\d-\d\d`
const TIME = String.raw`\d\d:\d\d:\d\d(?:\.\d{1,6})?`
const ZONE = String.raw`(?:Z|[+-]\d\d(?::\d\d){0,2})`
const FLOAT = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/
const INTEGER = /^-?\d+$/

const FORMS: Readonly<Record<string, RegExp>> = {
  BOOLEAN: /^(?:t|f|true|false)$/,
  SMALLINT: INTEGER,
  INTEGER,
  BIGINT: INTEGER,
  UINTEGER: INTEGER,
  FLOAT,
  DOUBLE: FLOAT,
  VARCHAR: /^/,
  JSON: /^/,
  BLOB: /^\\x(?:[0-9A-Fa-f]{2})*$/,
  UUID: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  DATE: new RegExp(`^(?:${DATE}(?: BC)?|-?infinity)$`),
  TIME: new RegExp(`^${TIME}$`),
  TIMESTAMP: new RegExp(`^(?:${DATE}[ T]${TIME}(?: BC)?|-?infinity)$`),
  'TIMESTAMP WITH TIME ZONE': new RegExp(`^(?:${DATE}[ T]${TIME}${ZONE}(?: BC)?|-?infinity)$`),
}

/** Returns the canonical text of a value for a column of `type`, or null when the value is none of that type. */
export function canonicalText(type: ColumnType, value: Exclude<CellValue, null>): string | null {
  const element = elementType(type)
  return element === null ? scalarText(type as ScalarType, value) : listText(element, value)
}

function listText(element: ScalarType, value: Exclude<CellValue, null>): string | null {
  if (!Array.isArray(value)) return null
  const texts = value.map((item: CellValue | undefined) => (item == null ? item : scalarText(element, item)))
  // undefined, and what is none of the type
  const wrong = texts.some((text, index) => text === undefined || (text === null && value[index] !== null))
  return wrong ? null : JSON.stringify(texts)
}

function scalarText(type: ScalarType, value: Exclude<CellValue, null>): string | null {
  const text = toText(type, value)
  if (text === null || !text.isWellFormed()) return null
  const decimal = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)
  const form = decimal ? new RegExp(String.raw`^-?\d+(?:\.\d{0,${decimal[1]}}0*)?$`) : FORMS[type]
  return form?.test(text) ? text : null
}

function toText(type: ScalarType, value: Exclude<CellValue, null>): string | null {
  if (typeof value === 'string') return value
  if (type === 'JSON') return value instanceof Uint8Array ? null : (JSON.stringify(value) ?? null)
  switch (typeof value) {
    case 'boolean':
      return type === 'BOOLEAN' ? String(value) : null
    case 'bigint':
      return type === 'VARCHAR' || type === 'BOOLEAN' ? null : value.toString()
    case 'number':
      return numberText(type, value)
  }
  if (value instanceof Date) return dateText(type, value)
  if (value instanceof Uint8Array) return type === 'BLOB' ? `\\x${Buffer.from(value).toString('hex')}` : null
  return null
}

function numberText(type: ScalarType, value: number): string | null {
  if (type === 'DOUBLE') return Object.is(value, -0) ? '-0' : String(value)
  if (type === 'FLOAT') return isExactFloat(value) ? String(value) : null
  const whole = ['SMALLINT', 'INTEGER', 'BIGINT', 'UINTEGER'].includes(type)
  if (whole) return Number.isSafeInteger(value) ? String(value) : null
  return type.startsWith('DECIMAL') && Number.isFinite(value) ? String(value) : null
}

/** True for a number that a FLOAT gives back: one that is a binary32, or the short decimal of one, such as 0.1. */
function isExactFloat(value: number): boolean {
  const single = Math.fround(value)
  return Object.is(single, value) || Number(single.toPrecision(7)) === value
}

function dateText(type: ScalarType, value: Date): string | null {
  if (Number.isNaN(value.getTime())) return null
  const text = value.toISOString()
  if (text.startsWith('-') || text.startsWith('0000')) return null
  const plain = text.replace(/^\+0*/, '')
  if (type === 'TIMESTAMP WITH TIME ZONE') return plain
  if (type === 'TIMESTAMP') return plain.slice(0, -1)
  return type === 'DATE' && plain.endsWith('T00:00:00.000Z') ? plain.slice(0, plain.indexOf('T')) : null
}

/** The error for a value that is not of its column's type. */
export function refuse(column: { name: string; type: ColumnType }, value: string, row: string): DwhError {
  const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value
  return new DwhError(
    'VALUE_REFUSED',
    `column ${column.name}: ${JSON.stringify(shown)} is not a value of ${column.type}${row}`,
    {
      hint: 'Nothing was changed to make it fit. Correct the value at its source, or leave out the column (columns.exclude) or the row (where).',
      context: { column: column.name, type: column.type },
    },
  )
}
