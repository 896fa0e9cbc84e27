import {
  type ColumnType,
  columnTypeRow,
  elementType,
  HASHED_CELL_BYTES,
  isLongText,
  quoteIdentifier,
  type ScalarType,
} from '@dwh/core'
import type { PgTable } from '../catalog/list-tables.ts'
import { finiteCondition, toNumber } from '../catalog/number-line.ts'
import { filledText, outputText } from '../catalog/output-text.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import type { TypeMapping } from '../catalog/type-mapping.ts'
import { whereClause } from '../read/read-rows.ts'
import type { PgClient } from '../session/pg-client.ts'

/**
 * Computes the hash of all rows of a table as `TableProof.hash` defines it, on the server in a separate pass. The types
 * of all columns must be decided. Call it inside `beginSnapshot`, under the lock of the table.
 */
export async function hashRows(
  client: PgClient,
  table: PgTable,
  { where, utf8 }: { readonly where: string | undefined; readonly utf8: boolean },
): Promise<string> {
  const cells = table.columns.map(({ name, mapping }) => {
    const column = quoteIdentifier(name)
    if (mapping.utf8) return decodedCellSql(mapping.utf8, column)
    const text = textSql(mapping, mapping.value(column))
    const cell = mayBeLong(mapping)
      ? longCellSql(mapping, column, utf8 ? text : asUtf8(text))
      : quotedSql(mapping, text)
    return utf8 ? cell : asUtf8(cell)
  })
  const hash = `md5(${cells.join(' || ')})`
  const sum = (from: number) => `coalesce(sum(('x' || substr(h, ${from}, 15))::bit(60)::int8), 0)`
  const { rows } = await client.query(
    `SELECT ${sum(1)} || '-' || ${sum(16)} AS hash FROM (SELECT ${hash} AS h FROM ${qualifiedName(table)}${whereClause(where)}) AS t`,
  )
  return rows[0].hash
}

/**
 * Quotes a cell so that concatenated cells are unambiguous: NULL is `-`, a value is in quotes, and quotes in it are
 * doubled.
 */
function quotedSql(mapping: TypeMapping, text: string): string {
  const escaped = mayHaveQuotes(mapping.type) ? `replace(${text}, '"', '""')` : text
  return `coalesce('"' || ${escaped} || '"', '-')`
}

/** A text is limited to 1 GiB: a long cell is represented by its own hash. */
function longCellSql(mapping: TypeMapping, column: string, bytes: string): string {
  const whole = isBytes(mapping.type) ? mapping.value(column) : bytes
  const quoted = quotedSql(mapping, textSql(mapping, mapping.value(column)))
  return `CASE WHEN octet_length(${whole}) > ${HASHED_CELL_BYTES} THEN '#' || md5(${whole}) ELSE ${quoted} END`
}

const mayBeLong = ({ type }: TypeMapping) =>
  elementType(type) !== null || isLongText(type as ScalarType) || isBytes(type)

const isBytes = (type: ColumnType) => columnTypeRow(type as ScalarType).kind === 'bytes'

const asUtf8 = (text: string) => `convert_to(${text}, 'UTF8')`

/**
 * The same, as bytes, for a text in an encoding of its own. In every supported encoding, the byte of a quote is never
 * part of another character.
 */
function decodedCellSql({ text, encode }: NonNullable<TypeMapping['utf8']>, column: string): string {
  const bytes = encode(text(column))
  const hashed = `convert_to('#' || md5(${bytes}), 'UTF8')`
  const escaped = encode(`replace(${text(column)}, '"', '""')`)
  const quoted = `coalesce('\\x22'::bytea || ${escaped} || '\\x22'::bytea, '\\x2d'::bytea)`
  return `CASE WHEN octet_length(${bytes}) > ${HASHED_CELL_BYTES} THEN ${hashed} ELSE ${quoted} END`
}

/** True if its text below may contain a quote. */
const mayHaveQuotes = (type: ColumnType) => elementType(type) !== null || isLongText(type as ScalarType)

function textSql(mapping: TypeMapping, value: string): string {
  const { type } = mapping
  if (elementType(type) !== null) {
    const element = mapping.element as TypeMapping
    const cell = quotedSql(element, textSql(element, element.value('e')))
    return `CASE WHEN ${value} IS NOT NULL THEN (SELECT coalesce(string_agg(${cell}, '' ORDER BY n), '') FROM unnest(${value}) WITH ORDINALITY AS u (e, n)) END`
  }
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1]
  if (scale !== undefined) return filledText(`trunc(${value} * 1${'0'.repeat(Number(scale))})`)
  switch (columnTypeRow(type as ScalarType).kind) {
    case 'float':
      return type === 'FLOAT' ? floatSql(value, 'float4send', 32) : floatSql(value, 'float8send', 64)
    case 'day':
    case 'moment':
      return `CASE WHEN ${finiteCondition(type, value)} THEN ${filledText(toNumber(type, value))} ELSE ${filledText(value)} END`
    case 'time':
      return filledText(toNumber(type, value))
    case 'bytes':
      return `encode(${value}, 'hex')`
    case 'truth':
      return `CASE WHEN ${value} THEN 'true' WHEN NOT ${value} THEN 'false' END`
    case 'text':
      return outputText(value)
    default:
      return filledText(value)
  }
}

/** The bits of a float. `send`: the function that returns its bytes. */
function floatSql(value: string, send: string, bits: number): string {
  const text = filledText(`('x' || encode(${send}(${value}), 'hex'))::bit(${bits})`)
  return `CASE WHEN ${value} = 'NaN' THEN 'NaN' ELSE ${text} END`
}
