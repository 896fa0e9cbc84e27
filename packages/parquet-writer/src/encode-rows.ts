import { type CellValue, DwhError, type RowBatch } from '@dwh/core'
import { canonicalText, refuse } from './canonical-text.ts'
import type { ParquetColumn } from './write-parquet.ts'

export interface RowEncoder {
  /**
   * The NDJSON of some rows: a line per row, each a JSON array of strings and nulls in the order of the columns. In pieces of whole lines, of about
   * `PIECE_LENGTH` each: a batch of long rows does not fit into one string.
   */
  encode(batch: RowBatch): Generator<string>
  /** Rows encoded so far. */
  readonly rows: number
}

/** UTF-16 units. */
const PIECE_LENGTH = 1024 * 1024

/**
 * Makes the encoder of one table. All values travel as text, so no number passes through a double and no type is guessed.
 * `canonical`: the cells are known to be null or text in canonical form, and are not checked again.
 * Its `encode` throws DwhError VALUE_REFUSED, ROW_TOO_LARGE (a line of more than `maxRowBytes`), WRITE_FAILED (a row of another length).
 */
export function rowEncoder(columns: readonly ParquetColumn[], maxRowBytes: number, canonical: boolean): RowEncoder {
  let rows = 0

  function cell(value: CellValue | undefined, index: number): string {
    if (value === null) return 'null'
    if (canonical) return JSON.stringify(value)
    const column = columns[index] as ParquetColumn
    if (value === undefined) throw refuse(column, 'undefined', ` (row ${rows + 1})`)
    const text = canonicalText(column.type, value)
    if (text === null) throw refuse(column, String(value), ` (row ${rows + 1})`)
    return JSON.stringify(text)
  }

  return {
    get rows() {
      return rows
    },
    *encode(batch) {
      let lines = ''
      for (const row of batch) {
        if (row.length !== columns.length) {
          const message = `row ${rows + 1}: ${row.length} cells for ${columns.length} columns`
          throw new DwhError('WRITE_FAILED', message, {
            hint: 'A row must hold one cell per column, in the order of the columns.',
          })
        }
        let line = '['
        for (let index = 0; index < row.length; index += 1) line += (index === 0 ? '' : ',') + cell(row[index], index)
        line += ']\n'
        // a UTF-16 unit is at most three bytes of UTF-8: only a line that might be too long is measured
        if (line.length * 3 > maxRowBytes) checkSize(line, maxRowBytes, rows + 1)
        lines += line
        rows += 1
        if (lines.length < PIECE_LENGTH) continue
        yield lines
        lines = ''
      }
      if (lines !== '') yield lines
    },
  }
}

function checkSize(line: string, maxRowBytes: number, row: number): void {
  const bytes = Buffer.byteLength(line)
  if (bytes <= maxRowBytes) return
  throw new DwhError('ROW_TOO_LARGE', `row ${row}: ${bytes} bytes as JSON, more than maxRowBytes (${maxRowBytes})`, {
    hint: `Write the table again with maxRowBytes of at least ${bytes}; memory grows with it.`,
    context: { bytes, row },
  })
}
