import { type BulkText, type ColumnType, elementType, isLongText, type RowData, type ScalarType } from '@dwh/core'
import { fileLiteral } from './duckdb-sql.ts'
import { rowEncoder } from './encode-rows.ts'
import { feed } from './feed.ts'
import { feedInputs } from './feed-inputs.ts'
import { copiedRowsFramer } from './frame-copied-rows.ts'
import { rowsFramer } from './frame-rows.ts'
import { type FramedPiece, isHex, NEWLINE } from './framed-text.ts'
import type { Piece } from './named-pipe.ts'
import { inputsFor, packInputs } from './pack-inputs.ts'
import type { ParquetColumn, WriteParquetInput } from './parquet-input.ts'
import { rowTooLarge } from './row-size.ts'
import { untilAborted } from './until-aborted.ts'

/** A table that is sent to DuckDB as text through a pipe. */
export interface TextInput {
  /**
   * Feeds the text to a query over it, with one column per column: `cell(0)`, `cell(1)`, ... `path`: for pipes and
   * temporary files.
   */
  feed<T>(path: string, read: (query: string) => Promise<T>): Promise<T>
  /** True for a column that the query returns as text; others have their type. */
  isText(index: number): boolean
  /** Number of rows that the source has sent; final when all text has been fed. */
  rows(): number
}

type Input = Pick<WriteParquetInput, 'path' | 'columns' | 'signal' | 'onProgress' | 'textBytes'>

/** Name of a column in the query. */
export function cell(index: number): string {
  return `c${index}`
}

/** Sends rows of a program or a cursor: one line of JSON each. */
export function rowText(data: RowData, { path, columns, signal, onProgress }: Input, maxRowBytes: number): TextInput {
  const encoder = rowEncoder(columns, maxRowBytes, data.trustedText ?? false)
  async function* pieces(): AsyncGenerator<Piece> {
    let bytes = 0
    for await (const batch of untilAborted(data.rows, signal, path)) {
      for (const piece of encoder.encode(batch)) {
        bytes += piece.length
        yield piece
      }
      onProgress?.({ rows: encoder.rows, bytes })
    }
  }
  // one column per line: read_csv reads a pipe in bounded memory, while read_json keeps everything that it has read
  // from one
  function select(pipe: string): string {
    const cells = columns.map((_, index) => `cells[${index + 1}] AS ${cell(index)}`)
    const options = { delim: 'chr(1)', quote: "''", escape: "''", nullstr: 'chr(2)' }
    const line = readCsv([pipe], ['line'], maxRowBytes, options)
    return `SELECT ${cells.join(', ')} FROM (SELECT from_json_strict(line, '["VARCHAR"]') AS cells FROM ${line})`
  }
  return {
    rows: () => encoder.rows,
    isText: () => true,
    feed: (pipe, read) => feed(pipe, pieces(), () => read(select(pipe))),
  }
}

/** Sends the output of COPY unchanged. */
export function copiedText(data: BulkText, input: Input, maxRowBytes: number): TextInput {
  const { columns } = input
  function select(pipe: string): string {
    const fields = columns.map((_, index) => cell(index))
    const options = { delim: 'chr(9)', quote: "''", escape: "''", nullstr: "'\\N'" }
    const text = readCsv([pipe], ['empty', ...fields], maxRowBytes, options)
    return UNESCAPE.reduce((from, step) => {
      const texts = columns.map((column, index) => {
        const form = isHex(column) ? 'BLOB' : column.type
        return `${step(form, cell(index))} AS ${cell(index)}`
      })
      return `(SELECT ${texts.join(', ')} FROM ${from})`
    }, text)
  }
  return {
    rows: () => data.sent(),
    isText: () => true,
    feed: (pipe, read) => feed(pipe, measured(copied(data, input), columns, maxRowBytes), () => read(select(pipe))),
  }
}

/** The output of COPY, with progress. */
async function* copied(data: BulkText, { path, signal, onProgress }: Input): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const piece of untilAborted(data.bulkText, signal, path)) {
    bytes += piece.length
    yield piece
    onProgress?.({ rows: null, bytes })
  }
}

/** Throws ROW_TOO_LARGE for a line of more than `maxRowBytes`, after its end, when its length is known. */
async function* measured(
  pieces: AsyncIterable<Uint8Array>,
  columns: readonly ParquetColumn[],
  maxRowBytes: number,
): AsyncGenerator<Uint8Array> {
  /** Bytes of the current line. */
  let line = 0
  for await (const piece of pieces) {
    let from = 0
    // most pieces are shorter than the limit and need no search
    while (line + piece.length - from > maxRowBytes) {
      const end = piece.indexOf(NEWLINE, from) + 1
      if (end === 0) break
      line += end - from
      if (line > maxRowBytes) throw rowTooLarge('a row', line, columns, { maxRowBytes })
      line = 0
      from = end
    }
    const last = piece.lastIndexOf(NEWLINE) + 1
    line = last > from ? piece.length - last : line + piece.length - from
    if (line <= maxRowBytes) yield piece
  }
}

/** Sends rows of any length, framed, in several inputs: see `packInputs`. */
export function longRowText(data: BulkText | RowData, input: Input, maxRowBytes: number): TextInput {
  const { path, columns, signal, onProgress, textBytes } = input
  const framer = 'bulkText' in data ? null : rowsFramer(columns, data.trustedText ?? false)
  async function* framed(): AsyncGenerator<FramedPiece> {
    if ('bulkText' in data) {
      const frame = copiedRowsFramer(columns)
      for await (const piece of copied(data, input)) yield* frame(piece)
      return
    }
    let bytes = 0
    for await (const batch of untilAborted(data.rows, signal, path)) {
      for (const piece of framer?.frame(batch) ?? []) {
        bytes += piece.bytes.length
        yield piece
      }
      onProgress?.({ rows: framer?.rows ?? null, bytes })
    }
  }
  function select(inputs: readonly string[]): string {
    const fields = columns.map((_, index) => cell(index))
    const text = readCsv(inputs, ['empty', ...fields], maxRowBytes, {
      delim: 'chr(9)',
      quote: 'chr(1)',
      escape: 'chr(1)',
      nullstr: "'\\N'",
      allow_quoted_nulls: 'false',
      // in parallel, each part would have to contain the end of a row, and a list would be read in any order
      parallel: 'false',
    })
    const values = columns.map((column, index) => {
      if (!isHex(column)) return cell(index)
      const bytes = `from_hex(${cell(index)})`
      return `${column.utf8Bytes ? `decode(${bytes})` : bytes} AS ${cell(index)}`
    })
    return `SELECT ${values.join(', ')} FROM ${text}`
  }
  const count = inputsFor(textBytes)
  return {
    rows: () => ('bulkText' in data ? data.sent() : (framer?.rows ?? 0)),
    isText: (index) => !isHex(columns[index]),
    feed: (pipe, read) =>
      feedInputs(pipe, packInputs(framed(), { count, maxRowBytes, columns }), { count }, (inputs) =>
        read(select(inputs)),
      ),
  }
}

/** True for a type whose text may contain backslashes; the text of a BLOB begins with one and has no other. */
function hasBackslashes(type: ColumnType): boolean {
  return elementType(type) !== null || isLongText(type as ScalarType)
}

/** If `text` contains `part`, applies the replacements to it, one after another. */
function replaceWhere(part: string, text: string, replacements: readonly (readonly [string, string])[]): string {
  const replaced = replacements.reduce((sql, [from, to]) => `replace(${sql}, ${from}, ${to})`, text)
  return `CASE WHEN contains(${text}, ${part}) THEN ${replaced} ELSE ${text} END`
}

/**
 * Removes the backslashes that COPY added, in steps since `replace` is expensive: first the frequent escapes, then the
 * rare ones if backslashes are left. Texts of Postgres contain no zero byte, so one can represent a backslash
 * meanwhile.
 */
const UNESCAPE: readonly ((type: ColumnType, text: string) => string)[] = [
  (type, text) => {
    if (type === 'BLOB') return `CASE WHEN starts_with(${text}, '\\\\x') THEN substr(${text}, 2) ELSE ${text} END`
    const frequent = [
      ["'\\\\'", 'chr(0)'],
      ["'\\n'", 'chr(10)'],
    ] as const
    return hasBackslashes(type) ? replaceWhere("'\\'", text, frequent) : text
  },
  (type, text) => {
    const rare = [
      ["'\\b'", 'chr(8)'],
      ["'\\t'", 'chr(9)'],
      ["'\\v'", 'chr(11)'],
      ["'\\f'", 'chr(12)'],
      ["'\\r'", 'chr(13)'],
    ] as const
    return hasBackslashes(type) ? replaceWhere("'\\'", text, rare) : text
  },
  (type, text) => (hasBackslashes(type) ? replaceWhere('chr(0)', text, [['chr(0)', "'\\'"]]) : text),
]

/**
 * Minimum size of the buffer of DuckDB's reader; it is at least the longest row. It is filled, and so needs memory,
 * only as far as there is text.
 */
const MIN_READ_BUFFER_BYTES = 4 * 1024 * 1024

/** The read_csv expression, see https://duckdb.org/docs/stable/data/csv/overview#parameters; nothing is guessed. */
function readCsv(
  paths: readonly string[],
  names: readonly string[],
  maxRowBytes: number,
  options: Readonly<Record<string, string>>,
): string {
  const bytes = String(Math.max(MIN_READ_BUFFER_BYTES, maxRowBytes + 1))
  const settings = {
    columns: `{${names.map((name) => `'${name}': 'VARCHAR'`).join(', ')}}`,
    auto_detect: 'false',
    header: 'false',
    compression: "'none'",
    // by default it uses the first line end that it sees, which may be inside a value
    new_line: "'\\n'",
    max_line_size: bytes,
    buffer_size: bytes,
    ...options,
  }
  const named = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  return `read_csv([${paths.map(fileLiteral).join(', ')}], ${named.join(', ')})`
}
