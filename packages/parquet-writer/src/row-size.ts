import { type CellValue, DwhError, type Row } from '@dwh/core'
import type { ParquetColumn } from './parquet-input.ts'

/** Bytes per cell besides its text, in framed text: a separator and two quotes. */
const ROOM_PER_CELL = 3
/** Bytes per row: the end of the line. */
const ROOM_PER_ROW = 1

/** The error for a row that is too long. `where`: such as `row 7`. `bytes`: of its cells as text. */
export function rowTooLarge(
  where: string,
  bytes: number,
  columns: readonly unknown[],
  { maxRowBytes }: { readonly maxRowBytes: number },
): DwhError {
  const needed = bytes + ROOM_PER_CELL * columns.length + ROOM_PER_ROW
  return new DwhError('ROW_TOO_LARGE', `${where}: ${bytes} bytes as text, more than maxRowBytes (${maxRowBytes})`, {
    hint: `Write the table again with maxRowBytes of at least ${needed}; memory grows with it.`,
    context: { bytes: needed },
  })
}

/** The error for a row without exactly one cell for each column; null for a valid row. */
export function wrongLength(row: Row, columns: readonly ParquetColumn[], number: number): DwhError | null {
  if (row.length === columns.length) return null
  return new DwhError('WRITE_FAILED', `row ${number}: ${row.length} cells for ${columns.length} columns`, {
    hint: 'A row must hold one cell per column, in the order of the columns.',
  })
}

/** Size of a cell as text, for text and for bytes of a BLOB; 0 for others, which are short. */
export function cellBytes(value: CellValue | undefined): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  return value instanceof Uint8Array ? 2 * value.length : 0
}
