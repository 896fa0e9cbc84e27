import { type ColumnType, type CopyData, DwhError, elementType, quoteLiteral, type RowData } from '@dwh/core'
import { rowEncoder } from './encode-rows.ts'
import type { Piece } from './feed.ts'
import { untilAborted } from './until-aborted.ts'
import type { WriteParquetInput } from './write-parquet.ts'

/** A table on its way to DuckDB, as text through a pipe. */
export interface TextInput {
  pieces(): AsyncGenerator<Piece>
  /** A query over the pipe with one VARCHAR per column: `cell(0)`, `cell(1)`, ... */
  select(pipePath: string, maxRowBytes: number): string
  /** Rows that the source has sent; once `pieces` has ended. */
  rows(): number
}

type Input = Pick<WriteParquetInput, 'path' | 'columns' | 'signal' | 'onProgress'>

/** What a column is called on its way. */
export function cell(index: number): string {
  return `c${index}`
}

/** Rows that a program or a cursor gives: a line of JSON each. */
export function rowText(data: RowData, { path, columns, signal, onProgress }: Input, maxRowBytes: number): TextInput {
  const encoder = rowEncoder(columns, maxRowBytes, data.canonical ?? false)
  return {
    rows: () => encoder.rows,
    async *pieces() {
      let bytes = 0
      for await (const batch of untilAborted(data.rows, signal, path)) {
        for (const piece of encoder.encode(batch)) {
          bytes += piece.length
          yield piece
        }
        onProgress?.({ rows: encoder.rows, bytes })
      }
    },
    // one column per line: read_csv reads a pipe in bounded memory, while read_json keeps all that it has read from one
    select(pipePath, maxBytes) {
      const cells = columns.map((_, index) => `cells[${index + 1}] AS ${cell(index)}`)
      const line = readCsv(
        pipePath,
        ['line'],
        { delim: 'chr(1)', quote: "''", escape: "''", nullstr: 'chr(2)' },
        maxBytes,
      )
      return `SELECT ${cells.join(', ')} FROM (SELECT from_json_strict(line, '["VARCHAR"]') AS cells FROM ${line})`
    },
  }
}

/** What a COPY wrote, given on as it is. */
export function copiedText(data: CopyData, { path, columns, signal, onProgress }: Input): TextInput {
  return {
    rows: () => data.sent(),
    async *pieces() {
      let bytes = 0
      for await (const piece of untilAborted(data.copy, signal, path)) {
        bytes += piece.length
        yield piece
        onProgress?.({ rows: null, bytes })
      }
    },
    select(pipePath, maxBytes) {
      const fields = columns.map((_, index) => cell(index))
      const options = { delim: 'chr(9)', quote: "''", escape: "''", nullstr: "'\\N'" }
      const text = readCsv(pipePath, ['empty', ...fields], options, maxBytes)
      return UNESCAPE.reduce((from, step) => {
        const texts = columns.map(({ type }, index) => `${step(type, cell(index))} AS ${cell(index)}`)
        return `(SELECT ${texts.join(', ')} FROM ${from})`
      }, text)
    },
  }
}

/** True for a type whose texts may have backslashes; that of a BLOB begins with one and has no other. */
function hasBackslashes(type: ColumnType): boolean {
  return type === 'VARCHAR' || type === 'JSON' || elementType(type) !== null
}

/** Where `text` has `part`, it is replaced, each text by the next, one after another. */
function replaceWhere(part: string, text: string, replacements: readonly (readonly [string, string])[]): string {
  const replaced = replacements.reduce((sql, [from, to]) => `replace(${sql}, ${from}, ${to})`, text)
  return `CASE WHEN contains(${text}, ${part}) THEN ${replaced} ELSE ${text} END`
}

/**
 * The backslashes that COPY put in are taken out again, in steps since a `replace` is dear: first the frequent ones, then the rare ones where backslashes are left. Postgres has no text with
 * a zero byte, which can so stand for a backslash meanwhile.
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

/** The buffer of DuckDB's reader: at least this, and at least four of the longest rows. */
const MIN_READ_BUFFER_BYTES = 4 * 1024 * 1024
const READ_BUFFER_ROWS = 4

/** https://duckdb.org/docs/stable/data/csv/overview#parameters; nothing is guessed. */
function readCsv(
  path: string,
  names: readonly string[],
  options: Readonly<Record<string, string>>,
  maxRowBytes: number,
): string {
  const settings = {
    columns: `{${names.map((name) => `'${name}': 'VARCHAR'`).join(', ')}}`,
    auto_detect: 'false',
    header: 'false',
    compression: "'none'",
    // left alone, it takes the first line end that it sees, which may be inside a value
    new_line: "'\\n'",
    max_line_size: String(maxRowBytes),
    buffer_size: String(Math.max(MIN_READ_BUFFER_BYTES, READ_BUFFER_ROWS * maxRowBytes)),
    ...options,
  }
  const named = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  return `read_csv(${quoteLiteral(path)}, ${named.join(', ')})`
}

/** DuckDB's error for a line that is longer than `max_line_size`, with its length. */
export function rowTooLarge(error: unknown): DwhError | null {
  const message = error instanceof Error ? error.message : ''
  if (!/Maximum line size/i.test(message)) return null
  const [, found = ''] = /Actual Size:? ?(\d+)/i.exec(message) ?? []
  const [, limit = '0'] = /Maximum line size of (\d+)/i.exec(message) ?? []
  // it stops looking where its buffer ends
  const bytes = Math.max(Number(found), Number(limit) * READ_BUFFER_ROWS)
  return new DwhError('ROW_TOO_LARGE', `a row of ${found} bytes or more, more than maxRowBytes (${limit})`, {
    hint: `Write the table again with maxRowBytes of at least ${bytes}; memory grows with it.`,
    context: { bytes },
  })
}
