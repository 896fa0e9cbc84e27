import { isUtf8 } from 'node:buffer'
import { DwhError, type DwhErrorCode, formatTableName, quoteIdentifier } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import type { Raised } from '../session/attempt-query.ts'
import { OF_THE_WAY } from '../session/postgres-errors.ts'

/** Place in a table of a value that the server cannot return. */
export interface Refused {
  readonly raised: Raised
  /**
   * `where`: the condition of the settings raises it. `row`: the row raises it, whichever columns are read. `block`:
   * the block cannot be read at all.
   */
  readonly at: 'column' | 'where' | 'row' | 'block'
  /** Name of the column; null if it is not a column. */
  readonly column: string | null
  /** The beginning of the value as the server stores it; null if the server cannot return that either. */
  readonly value: Buffer | null
  /** Length as text, of the value of a column or else of the row; null or absent if unknown. */
  readonly bytes?: number | null
  /** The row, for people: `id=1`, or `ctid=(0,1)`; null for all rows, or if unknown. */
  readonly row: string | null
  /** A condition that finds the row; null if there is none. */
  readonly condition: string | null
}

/**
 * SQLSTATEs of a text that cannot be converted to UTF-8: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OF_AN_ENCODING = ['22021', '22P05']

/** No such table, column, function or type. */
const OF_A_NAME = ['42P01', '42703', '42883', '42704']

/** SQLSTATEs that a server may raise for a text that is too long: a limit, or an internal error. */
export const OF_A_LENGTH: readonly string[] = ['54000', 'XX000']

/** A text of this length may exceed the limit of 1 GiB through escapes, as hex, or in another encoding. */
export const TOO_LONG_BYTES: number = 256 * 1024 * 1024

const isTooLong = ({ raised, bytes }: Refused) => OF_A_LENGTH.includes(raised.code) && (bytes ?? 0) >= TOO_LONG_BYTES

/**
 * The error for a value that Postgres cannot return: table, column, value and row, the error of Postgres, and what to
 * do.
 */
export function refusedError(table: PgTable, refused: Refused, cause: DwhError): DwhError {
  const { raised, at, column, value, row } = refused
  const what = { column: `column ${column}: `, where: 'its condition (where): ', row: '', block: `${row}: ` }[at]
  const thing = { column: 'a value', where: 'it', row: 'a row', block: 'it' }[at]
  const long = isTooLong(refused) ? `${thing} of ${refused.bytes} bytes as text` : null
  const shown = long ?? (value === null || value.length === 0 ? thing : showBytes(value))
  const place = row === null || at === 'block' ? '' : ` (row ${/^(?:number|ctid)/.test(row) ? '' : 'with '}${row})`
  const message = `${what}Postgres refuses ${shown}: ${raised.message} (SQLSTATE ${raised.code})${place}`
  return new DwhError(codeOf(refused), `${formatTableName(table)}: ${message}`, {
    cause,
    hint: hintFor(table, refused),
    context: { sqlstate: raised.code, ...(column === null ? {} : { column }), ...(row === null ? {} : { row }) },
  })
}

function codeOf({ raised, at }: Refused): DwhErrorCode {
  if (raised.code === '42501') return 'SOURCE_DENIED'
  if (at === 'where' && raised.code.startsWith('42')) return 'CONFIG_INVALID'
  // damaged files and failed connections to another server: no value is the cause
  return at === 'block' || OF_THE_WAY.test(raised.code) ? 'SOURCE_FAILED' : 'VALUE_REFUSED'
}

function hintFor(table: PgTable, refused: Refused): string {
  const { raised, at } = refused
  const name = formatTableName(table)
  if (raised.code === '42501') return 'Grant the privilege to this role, or exclude the table or the column.'
  if (at === 'where') {
    return raised.code.startsWith('42')
      ? `Correct where of table ${name} in dwh.yaml; a name outside pg_catalog needs its schema.`
      : `Correct where of table ${name} in dwh.yaml, so that it is valid for every row, for example with NULLIF or CASE.`
  }
  if (at === 'block')
    return 'The file of the table is damaged there: check the log of the server, and restore the table. Or exclude it.'
  const inTable = `${at === 'column' ? `column ${refused.column}` : 'a column'} of table ${name}`
  if (isTooLong(refused))
    return `Postgres cannot make a text of more than 1 GiB, for a value or for a row: a bytea needs twice its length, and COPY escapes some characters. Leave out ${inTable} (columns.exclude) or the row (where${refused.condition ? `: NOT (${refused.condition})` : ''}), or make it shorter in Postgres.`
  if (OF_A_NAME.includes(raised.code))
    return `${raised.where ? `Postgres reports the place: ${raised.where.split('\n')[0]}. ` : ''}While a table is read, names are resolved in pg_catalog only: write the schema before the name, or give the function its own search_path (ALTER FUNCTION ... SET search_path). Or leave out ${inTable} (columns.exclude).`
  if (at === 'row') {
    const context = raised.where ? ` Postgres reports the place: ${raised.where.split('\n')[0]}.` : ''
    return `Every read of this row fails, whichever columns are selected.${context} Exclude the table, or fix what the row is computed from.`
  }
  const setting = choicesOf(table, refused)
  const through = setting === '' ? '' : `To store it anyway, ${setting}. `
  return `${through}${setting === '' ? 'Leave' : 'Or leave'} out ${inTable} (columns.exclude) or the row (where), or fix it in Postgres${statement(table, refused)}`
}

function choicesOf(table: PgTable, { raised, column: name }: Refused): string {
  const column = table.columns.find((each) => each.name === name) as PgColumn
  const setting = `set columns.types.${name} of table ${formatTableName(table)}`
  const choices = Object.keys(column.allowedTypes ?? {}).filter((choice) => choice !== column.storeAs)
  if (OF_AN_ENCODING.includes(raised.code) && choices.includes('bytes')) {
    // an encoding is proposed only for SQL_ASCII: a declared encoding is taken as correct
    const encoding =
      column.encodings && table.encoding === 'SQL_ASCII'
        ? `{ encoding: windows-1252 }, or the encoding that its bytes are really in (the database is in SQL_ASCII, which does not define one); or `
        : ''
    return `${setting}: ${encoding}bytes (BLOB, unchanged)`
  }
  // another type does not help for a value that cannot be read, only for a conversion that was chosen
  const others = column.storeAs === undefined ? [] : choices.filter((choice) => choice !== 'bytes')
  return others.length > 0 ? `${setting}: ${others.join(', or ')}` : ''
}

/** The statement that finds or fixes the row, if there is one. */
function statement(table: PgTable, { raised, column, condition }: Refused): string {
  if (condition === null || column === null) return '.'
  const [name, from] = [quoteIdentifier(column), qualifiedName(table)]
  if (!OF_AN_ENCODING.includes(raised.code)) return `: SELECT ${name} FROM ${from} WHERE ${condition};`
  if (table.kind === 'view' || table.kind === 'foreign table') return `, where the ${table.kind} gets it from.`
  return `: UPDATE ${from} SET ${name} = '...' WHERE ${condition};`
}

/** Maximum number of characters of a value in a message. */
const SHOWN = 100

/** A text in quotes, with bytes that are not UTF-8 as `\xHH`. */
function showBytes(bytes: Buffer): string {
  const shown: string[] = []
  for (let at = 0; at < bytes.length && shown.length < SHOWN; ) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(bytes.subarray(at, at + size)))
    const piece = bytes.subarray(at, at + (length ?? 1))
    shown.push(length === undefined ? `\\x${piece.toString('hex')}` : JSON.stringify(piece.toString()).slice(1, -1))
    at += piece.length
  }
  const rest = shown.length === SHOWN ? '…' : ''
  return `"${shown.join('')}${rest}"`
}
