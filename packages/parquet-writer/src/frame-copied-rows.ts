import { type FramedPiece, isHex, NEWLINE, nextByte, QUOTE, TAB } from './framed-text.ts'
import type { ParquetColumn } from './parquet-input.ts'

const BACKSLASH = 0x5c
const LETTER_OF_NULL = 0x4e

/** The character that a letter after a backslash stands for. https://www.postgresql.org/docs/current/sql-copy.html */
const ESCAPED = Uint8Array.from({ length: 256 }, (_, letter) => letter)
for (const [letter = '', character = ''] of ['b\b', 'f\f', 'n\n', 'r\r', 't\t', 'v\v'])
  ESCAPED[letter.charCodeAt(0)] = character.charCodeAt(0)

/**
 * Maximum size to frame at once. The framed text is at most three times as long, plus a byte: a field has at least one
 * byte, its end; framing adds two quotes, and doubles each QUOTE in it.
 */
const SLICE_BYTES = 256 * 1024

/** Bytes in a value that are not copied unchanged. */
const SPECIALS = [TAB, NEWLINE, BACKSLASH, QUOTE]
const SPECIAL = new Uint8Array(256)
for (const byte of SPECIALS) SPECIAL[byte] = 1

/** Beyond this distance, a native search is faster. */
const NEAR = 32

const FIELD_BEGINS = 0
const FIELD_BEGINS_WITH_BACKSLASH = 1
const WITHIN_VALUE = 2
const AFTER_BACKSLASH = 3
const AFTER_NULL = 4

/** State between two slices. */
interface Place {
  state: number
  /** Index of the current or next field; -1 for the empty one. */
  column: number
  /** Number of characters of this value still to skip: those of `\x`. */
  skip: number
}

/**
 * Frames the output of COPY, `BulkText`: each line begins with an empty field, then the fields of `columns`. Pieces may
 * end anywhere. Memory is that of a slice.
 */
export function copiedRowsFramer(columns: readonly ParquetColumn[]): (piece: Uint8Array) => Generator<FramedPiece> {
  const place: Place = { state: FIELD_BEGINS, column: -1, skip: 0 }
  const scratch = Buffer.allocUnsafe(3 * SLICE_BYTES + 1)
  const hex = columns.map(isHex)
  return function* (piece) {
    for (let from = 0; from < piece.length; from += SLICE_BYTES) {
      const slice = Buffer.from(piece.buffer, piece.byteOffset + from, Math.min(SLICE_BYTES, piece.length - from))
      const rowBegins = place.state === FIELD_BEGINS && place.column === -1
      if (rowBegins && isFramed(slice))
        yield { bytes: slice, firstEnd: slice.indexOf(NEWLINE) + 1, lastEnd: slice.length }
      else if (isMiddle(slice, place)) yield { bytes: slice, firstEnd: 0, lastEnd: 0 }
      else yield frame(slice, place, hex, scratch)
    }
  }
}

/** True for whole lines that need no change: most of them. */
function isFramed(lines: Buffer): boolean {
  if (lines.at(-1) !== NEWLINE || lines.includes(QUOTE)) return false
  for (let at = lines.indexOf(BACKSLASH); at >= 0; at = lines.indexOf(BACKSLASH, at + 1))
    if (lines[at + 1] !== LETTER_OF_NULL) return false
  return true
}

/** True for the middle of a long value that needs no change. */
function isMiddle(slice: Buffer, { state, skip }: Place): boolean {
  return state === WITHIN_VALUE && skip === 0 && nextByte(slice, SPECIALS)(0) === slice.length
}

/** One function with plain variables, since it examines every byte: three times as fast as split into functions. */
function frame(piece: Buffer, place: Place, hex: readonly boolean[], bytes: Buffer): FramedPiece {
  let { state, column, skip } = place
  const special = nextByte(piece, SPECIALS)
  let length = 0
  let firstEnd = 0
  let lastEnd = 0
  for (let at = 0; at < piece.length; ) {
    const byte = piece[at] as number
    // true if this byte ends the field, after the value has been handled
    let ends = false
    if (state === WITHIN_VALUE) {
      if (SPECIAL[byte] === 0) {
        if (skip > 0) {
          skip -= 1
          at += 1
          continue
        }
        const near = Math.min(at + NEAR, piece.length)
        for (; at < near && SPECIAL[piece[at] as number] === 0; at += 1) {
          bytes[length] = piece[at] as number
          length += 1
        }
        if (at === near) {
          const to = special(at)
          length += piece.copy(bytes, length, at, to)
          at = to
        }
        continue
      }
      if (byte === BACKSLASH) state = AFTER_BACKSLASH
      else {
        bytes[length] = QUOTE
        length += 1
        if (byte === QUOTE) bytes[length++] = QUOTE
        else ends = true
      }
    } else if (state === AFTER_BACKSLASH) {
      if (skip > 0) skip -= 1
      else bytes[length++] = ESCAPED[byte] as number
      state = WITHIN_VALUE
    } else if (state === AFTER_NULL || column === -1) {
      ends = true
    } else if (state === FIELD_BEGINS && byte === BACKSLASH) {
      state = FIELD_BEGINS_WITH_BACKSLASH
    } else if (state === FIELD_BEGINS_WITH_BACKSLASH && byte === LETTER_OF_NULL) {
      bytes[length++] = BACKSLASH
      bytes[length++] = LETTER_OF_NULL
      state = AFTER_NULL
    } else {
      bytes[length++] = QUOTE
      skip = hex[column] ? 2 : 0
      state = state === FIELD_BEGINS ? WITHIN_VALUE : AFTER_BACKSLASH
      continue
    }
    at += 1
    if (!ends) continue
    bytes[length++] = byte
    state = FIELD_BEGINS
    column = byte === NEWLINE ? -1 : column + 1
    if (byte !== NEWLINE) continue
    firstEnd ||= length
    lastEnd = length
  }
  Object.assign(place, { state, column, skip })
  return { bytes: Buffer.from(bytes.subarray(0, length)), firstEnd, lastEnd }
}
