import type { ParquetColumn } from './parquet-input.ts'

/*
 * Framed text: the form in which long rows are sent to DuckDB. It is CSV with tabs between fields and `\n` after each
 * row, as COPY writes it, but a value is unescaped between two QUOTE characters, and QUOTE itself is doubled. So DuckDB
 * has nothing to replace in a long value, which would copy it. NULL is `\N` without quotes. The bytes of a BLOB, and of
 * text that comes as UTF-8 bytes, are hex digits only.
 */

/** A control character that almost no text contains. */
export const QUOTE = 0x01
export const TAB = 0x09
export const NEWLINE = 0x0a

/** A piece of framed text, and where rows end in it. */
export interface FramedPiece {
  readonly bytes: Uint8Array
  /** Position after the first end of a row; 0 if no row ends. */
  readonly firstEnd: number
  /** Position after the last end of a row. */
  readonly lastEnd: number
}

/** True for a column whose values are sent as hex digits. */
export function isHex(column: ParquetColumn | undefined): boolean {
  return column?.type === 'BLOB' || column?.utf8Bytes === true
}

/**
 * Returns a function that finds the next of several bytes, from a position that never decreases; it returns the length
 * of `bytes` if there is none.
 */
export function nextByte(bytes: Buffer, wanted: readonly number[]): (from: number) => number {
  const next = wanted.map(() => -1)
  return (from) => {
    let nearest = bytes.length
    for (let index = 0; index < wanted.length; index += 1) {
      let at = next[index] as number
      if (at < from) {
        const found = bytes.indexOf(wanted[index] as number, from)
        at = found < 0 ? bytes.length : found
        next[index] = at
      }
      if (at < nearest) nearest = at
    }
    return nearest
  }
}
