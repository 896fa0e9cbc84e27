import type { CellValue, RowBatch } from '@dwh/core'
import { cellText } from './cell-text.ts'
import { type FramedPiece, isHex } from './framed-text.ts'
import type { ParquetColumn } from './parquet-input.ts'
import { wrongLength } from './row-size.ts'

/** UTF-16 units of text, or bytes of a BLOB, to encode at once. */
const SLICE_LENGTH = 256 * 1024

export interface RowsFramer {
  /** Frames a batch of rows; memory is that of a slice, and of a cell that is not text yet. */
  frame(batch: RowBatch): Generator<FramedPiece>
  /** Rows framed so far. */
  readonly rows: number
}

/**
 * Frames rows of cells. `trustedText`: as in `cellText`. Its `frame` throws DwhError VALUE_REFUSED, WRITE_FAILED (a row
 * of another length).
 */
export function rowsFramer(columns: readonly ParquetColumn[], trustedText: boolean): RowsFramer {
  const textOf = cellText(columns, trustedText)
  let rows = 0

  /** Yields a cell in slices that end between characters. */
  function* slices(value: Exclude<CellValue, null> | undefined, index: number): Generator<string> {
    const hex = isHex(columns[index])
    if (hex && value instanceof Uint8Array) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
      for (let at = 0; at < bytes.length; at += SLICE_LENGTH) yield bytes.toString('hex', at, at + SLICE_LENGTH)
      return
    }
    const text = textOf(value, index, rows + 1)
    for (let at = hex ? 2 : 0, to = at; at < text.length; at = to) {
      to = Math.min(at + SLICE_LENGTH, text.length)
      // keep both halves of a character together
      if (isHighSurrogate(text.charCodeAt(to - 1)) && to < text.length) to += 1
      const slice = text.slice(at, to)
      yield slice.includes('\u0001') ? slice.replaceAll('\u0001', '\u0001\u0001') : slice
    }
  }

  return {
    get rows() {
      return rows
    },
    *frame(batch) {
      let text = ''
      let ends: number[] = []
      const piece = (): FramedPiece => {
        const bytes = Buffer.from(text)
        const [first = 0, last = 0] = [ends[0], ends.at(-1)].map((end) => end && Buffer.byteLength(text.slice(0, end)))
        text = ''
        ends = []
        return { bytes, firstEnd: first, lastEnd: last }
      }
      for (const row of batch) {
        const wrong = wrongLength(row, columns, rows + 1)
        if (wrong) throw wrong
        for (let index = 0; index < row.length; index += 1) {
          text += '\t'
          const value = row[index]
          if (value === null) {
            text += '\\N'
            continue
          }
          text += '\u0001'
          for (const slice of slices(value, index)) {
            text += slice
            if (text.length >= SLICE_LENGTH) yield piece()
          }
          text += '\u0001'
        }
        text += '\n'
        ends.push(text.length)
        rows += 1
        if (text.length >= SLICE_LENGTH) yield piece()
      }
      if (text !== '') yield piece()
    },
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}
