import type { CellValue, Row, RowBatch } from '@dwh/core'
import { cellText } from './cell-text.ts'
import type { ParquetColumn } from './parquet-input.ts'
import { cellBytes, rowTooLarge, wrongLength } from './row-size.ts'

export interface RowEncoder {
  /**
   * Encodes rows as NDJSON: one line per row, a JSON array of strings and nulls in the order of the columns. Yields
   * pieces of whole lines, of about `PIECE_LENGTH` each: a batch of long rows does not fit into one string.
   */
  encode(batch: RowBatch): Generator<string>
  /** Rows encoded so far. */
  readonly rows: number
}

/** UTF-16 units. */
const PIECE_LENGTH = 1024 * 1024

/**
 * Creates the encoder of one table. All values are sent as text, so no number passes through a double and no type is
 * guessed. `trustedText`: as in `cellText`. Its `encode` throws DwhError VALUE_REFUSED, ROW_TOO_LARGE (a row of more
 * than `maxRowBytes`), WRITE_FAILED (a row of another length).
 */
export function rowEncoder(columns: readonly ParquetColumn[], maxRowBytes: number, trustedText: boolean): RowEncoder {
  const textOf = cellText(columns, trustedText)
  let rows = 0

  function cell(value: CellValue | undefined, index: number): string {
    return value === null ? 'null' : JSON.stringify(textOf(value, index, rows + 1))
  }

  /** Checks the size before the row becomes one string, since a very long row does not fit into a string. */
  function checkCells(row: Row): void {
    const bytes = row.reduce((sum: number, value) => sum + cellBytes(value), 0)
    if (bytes > maxRowBytes) throw rowTooLarge(`row ${rows + 1}`, bytes, row, { maxRowBytes })
  }

  return {
    get rows() {
      return rows
    },
    *encode(batch) {
      let lines = ''
      for (const row of batch) {
        const wrong = wrongLength(row, columns, rows + 1)
        if (wrong) throw wrong
        checkCells(row)
        let line = '['
        for (let index = 0; index < row.length; index += 1) line += (index === 0 ? '' : ',') + cell(row[index], index)
        line += ']\n'
        // a UTF-16 unit is at most three bytes of UTF-8: only a line that might be too long is measured
        if (line.length * 3 > maxRowBytes) checkLine(line)
        lines += line
        rows += 1
        if (lines.length < PIECE_LENGTH) continue
        yield lines
        lines = ''
      }
      if (lines !== '') yield lines
    },
  }

  function checkLine(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (bytes > maxRowBytes) throw rowTooLarge(`row ${rows + 1}`, bytes, columns, { maxRowBytes })
  }
}
