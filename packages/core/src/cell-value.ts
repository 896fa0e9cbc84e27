/**
 * One value of a row, in one of these forms:
 * - `null`
 * - the value's text: numbers in decimal, `NaN`, `Infinity`; days and times as ISO 8601 with a blank or `T` between
 *   them, ` BC` at the end for years before 1, `infinity`; a BLOB as `\x` and hex digits; JSON as JSON text
 * - for a list, a JSON array of such texts and nulls
 * - the JavaScript value with the same meaning: boolean, number, bigint, Date, Uint8Array; for a list an array; for
 *   JSON anything that `JSON.stringify` accepts
 */
export type CellValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly unknown[]
  | { readonly [key: string]: unknown }

/** The cells of one row, in the order of the columns. */
export type Row = readonly CellValue[]

/** Rows that arrived together. Never empty, by the contract of `TableData`. */
export type RowBatch = readonly Row[]
