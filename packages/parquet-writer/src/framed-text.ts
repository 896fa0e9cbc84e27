import type { ParquetColumn } from './parquet-input.ts'

/*
 * Framed text: the form in which long rows travel to DuckDB. It is CSV with tabs between fields and `\n` after each row, as COPY writes it, but a value that needs it
 * stands as it is between two QUOTE characters, where QUOTE itself is doubled. So DuckDB has nothing to replace in a long value, which would copy it. NULL is `\N` without quotes.
 * The bytes of a BLOB, and of what comes as UTF-8 bytes, are their hex digits alone.
 */

/** A control character: hardly any text has one. */
export const QUOTE = 0x01
export const TAB = 0x09
export const NEWLINE = 0x0a

/** Framed text, and where rows end in it. */
export interface FramedPiece {
  readonly bytes: Uint8Array
  /** Behind the first end of a row; 0 where no row ends. */
  readonly firstEnd: number
  /** Behind the last one. */
  readonly lastEnd: number
}

/** True for a column whose values travel as hex digits. */
export function isHex(column: ParquetColumn | undefined): boolean {
  return column?.type === 'BLOB' || column?.utf8Bytes === true
}

/** Where the next of some bytes is, from a place on that never goes back; the length of `bytes` when there is none. */
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
