import { type CellValue, type ColumnType, columnTypeRow, DwhError, elementType, type ScalarType } from '@dwh/core'

/*
 * The text forms of each column type, and the JavaScript values that mean the same. DuckDB's own casts accept too much:
 * they round `1.5` to an INTEGER, cut `1.005` to a DECIMAL(10,2) and read `2026-01-01 garbage` as a DATE. So a value
 * from a program is checked against these forms first; a value from the output function of the source is not
 * (`TableData.trustedText`).
 */

/** Returns the text of a value for a column of `type`, or null if it is not a value of that type. */
export function checkedText(type: ColumnType, value: Exclude<CellValue, null>): string | null {
  const element = elementType(type)
  return element === null ? scalarText(type as ScalarType, value) : listText(element, value)
}

function listText(element: ScalarType, value: Exclude<CellValue, null>): string | null {
  if (!Array.isArray(value)) return null
  const texts = value.map((item: CellValue | undefined) => (item == null ? item : scalarText(element, item)))
  // undefined, or not a value of the type
  const wrong = texts.some((text, index) => text === undefined || (text === null && value[index] !== null))
  return wrong ? null : JSON.stringify(texts)
}

function scalarText(type: ScalarType, value: Exclude<CellValue, null>): string | null {
  const text = toText(type, value)
  if (text === null || !text.isWellFormed()) return null
  return columnTypeRow(type).form(type).test(text) ? text : null
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
  const { kind } = columnTypeRow(type)
  if (kind === 'whole') return Number.isSafeInteger(value) ? String(value) : null
  return kind === 'decimal' && Number.isFinite(value) ? String(value) : null
}

/** True for a number that a FLOAT returns unchanged: a binary32, or its short decimal form, such as 0.1. */
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
