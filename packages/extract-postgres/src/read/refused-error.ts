import { isUtf8 } from 'node:buffer'
import { DwhError, type DwhErrorCode, formatTableName, quoteIdentifier } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import type { Raised } from '../session/attempt-query.ts'
import { OF_THE_WAY } from '../session/postgres-errors.ts'

/** Where a table has what the server cannot give. */
export interface Refused {
  readonly raised: Raised
  /** `where`: the condition of the settings raises it. `row`: the row, whatever is asked of it. `block`: it cannot be read at all. */
  readonly at: 'column' | 'where' | 'row' | 'block'
  /** By its name; null where it is none. */
  readonly column: string | null
  /** The beginning of the value, as the server keeps it; null where that cannot be had either. */
  readonly value: Buffer | null
  /** How long it is as text, of a column its value, else the row; null, or left out, where that is not known. */
  readonly bytes?: number | null
  /** The row, for people: `id=1`, or `ctid=(0,1)`; null for all rows, or where it is not known. */
  readonly row: string | null
  /** A condition that finds the row; null where there is none. */
  readonly condition: string | null
}

/** Of a text that has no place in UTF-8: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const OF_AN_ENCODING = ['22021', '22P05']

/** No such table, column, function or type. */
const OF_A_NAME = ['42P01', '42703', '42883', '42704']

/** What a server may say where a text becomes too long for it: a limit, or that something is wrong inside. */
export const OF_A_LENGTH: readonly string[] = ['54000', 'XX000']

/** A text of so many bytes may become one that is too long, 1 GiB, by escapes, as hex, or in another encoding. */
export const TOO_LONG_BYTES: number = 256 * 1024 * 1024

const isTooLong = ({ raised, bytes }: Refused) => OF_A_LENGTH.includes(raised.code) && (bytes ?? 0) >= TOO_LONG_BYTES

/** The error for what Postgres cannot give: table, column, value and row, what Postgres says, and the ways out. */
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
  // damaged files, and the way to another server: no value is to blame
  return at === 'block' || OF_THE_WAY.test(raised.code) ? 'SOURCE_FAILED' : 'VALUE_REFUSED'
}

function hintFor(table: PgTable, refused: Refused): string {
  const { raised, at } = refused
  const name = formatTableName(table)
  if (raised.code === '42501') return 'Grant the privilege to this role, or exclude the table or the column.'
  if (at === 'where') {
    return raised.code.startsWith('42')
      ? `Correct where of table ${name} in dwh.yaml; a name outside pg_catalog needs its schema.`
      : `Correct where of table ${name} in dwh.yaml, so that it holds or does not for every row, such as by NULLIF or CASE.`
  }
  if (at === 'block')
    return 'The file of the table is damaged there: look into the log of the server, and restore the table. Or exclude it.'
  const inTable = `${at === 'column' ? `column ${refused.column}` : 'a column'} of table ${name}`
  if (isTooLong(refused))
    return `Postgres makes no text of more than 1 GiB, of a value or of a row: a bytea takes twice its length, and COPY escapes some characters. Leave out ${inTable} (columns.exclude) or the row (where${refused.condition ? `: NOT (${refused.condition})` : ''}), or make it shorter in Postgres.`
  if (OF_A_NAME.includes(raised.code))
    return `${raised.where ? `Postgres says where: ${raised.where.split('\n')[0]}. ` : ''}Nothing is looked for outside pg_catalog while a table is read: write the schema before the name, or give the function a search_path of its own (ALTER FUNCTION ... SET search_path). Or leave out ${inTable} (columns.exclude).`
  if (at === 'row') {
    const context = raised.where ? ` Postgres says where: ${raised.where.split('\n')[0]}.` : ''
    return `It comes with the row, whichever columns are read.${context} Exclude the table, or mend what it is made of.`
  }
  const allowedTypes = choicesOf(table, refused)
  const through = allowedTypes === '' ? '' : `To let it through, ${allowedTypes}. `
  return `${through}${allowedTypes === '' ? 'Leave' : 'Or leave'} out ${inTable} (columns.exclude) or the row (where), or mend it in Postgres${statement(table, refused)}`
}

function choicesOf(table: PgTable, { raised, column: name }: Refused): string {
  const column = table.columns.find((each) => each.name === name) as PgColumn
  const setting = `set columns.types.${name} of table ${formatTableName(table)}`
  const allowedTypes = Object.keys(column.allowedTypes ?? {}).filter((choice) => choice !== column.storeAs)
  if (OF_AN_ENCODING.includes(raised.code) && allowedTypes.includes('bytes')) {
    // what a database says of its encoding holds for what it has no other reason to doubt
    const encoding =
      column.encodings && table.encoding === 'SQL_ASCII'
        ? `{ encoding: windows-1252 }, or what else its bytes are in (the database, which is in SQL_ASCII, does not say); or `
        : ''
    return `${setting}: ${encoding}bytes (BLOB, as they are)`
  }
  // another form of a value that cannot be made does not help, but of one that was wanted
  const others = column.storeAs === undefined ? [] : allowedTypes.filter((choice) => choice !== 'bytes')
  return others.length > 0 ? `${setting}: ${others.join(', or ')}` : ''
}

/** The statement that finds the row, or mends it, where there is one. */
function statement(table: PgTable, { raised, column, condition }: Refused): string {
  if (condition === null || column === null) return '.'
  const [name, from] = [quoteIdentifier(column), qualifiedName(table)]
  if (!OF_AN_ENCODING.includes(raised.code)) return `: SELECT ${name} FROM ${from} WHERE ${condition};`
  if (table.kind === 'view' || table.kind === 'foreign table') return `, where the ${table.kind} has it from.`
  return `: UPDATE ${from} SET ${name} = '...' WHERE ${condition};`
}

/** The most of a value that a message has. */
const SHOWN = 100

/** A text in quotes, with what is no UTF-8 as `\xHH`. */
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
