import { elementType, quoteIdentifier } from '@dwh/core'
import type { PgTable } from './list-tables.ts'
import { finiteCondition, toNumber } from './number-line.ts'
import type { PgClient } from './pg-client.ts'
import type { TypeMapping } from './pg-types.ts'
import { qualifiedName, whereClause } from './read-rows.ts'

/**
 * The hash of all rows of a table, as `TableProof.hash` says, computed by the server in a pass of its own. Every column's type has been decided. Call it inside `beginSnapshot`, under the
 * table's lock.
 */
export async function hashRows(
  client: PgClient,
  table: PgTable,
  { where, utf8 }: { readonly where: string | undefined; readonly utf8: boolean },
): Promise<string> {
  const cells = table.columns.map(({ name, mapping }) => {
    const column = quoteIdentifier(name)
    if (mapping.utf8) return decodedCellSql(mapping.utf8, column)
    return utf8 ? cellSql(mapping, column) : `convert_to(${cellSql(mapping, column)}, 'UTF8')`
  })
  const hash = `md5(${cells.join(' || ')})`
  const sum = (from: number) => `coalesce(sum(('x' || substr(h, ${from}, 15))::bit(60)::int8), 0)`
  const { rows } = await client.query(
    `SELECT ${sum(1)} || '-' || ${sum(16)} AS hash FROM (SELECT ${hash} AS h FROM ${qualifiedName(table)}${whereClause(where)}) AS t`,
  )
  return rows[0].hash
}

/** Unambiguous beside others: null is `-`, a value is in quotes, and quotes in it are doubled. */
function cellSql(mapping: TypeMapping, column: string): string {
  const text = textSql(mapping, mapping.value(column))
  const element = elementType(mapping.type)
  const escaped = element === null && UNQUOTED.test(mapping.type) ? text : `replace(${text}, '"', '""')`
  return `coalesce('"' || ${escaped} || '"', '-')`
}

/** The same, as bytes, of a text in an encoding of its own. In none of those that there are is a quote a part of another character. */
function decodedCellSql({ text, encode }: NonNullable<TypeMapping['utf8']>, column: string): string {
  const escaped = encode(`replace(${text(column)}, '"', '""')`)
  return `coalesce('\x22'::bytea || ${escaped} || '\x22'::bytea, '\x2d'::bytea)`
}

/** Types whose text below never has a quote in it. */
const UNQUOTED = /^(?:BOOLEAN|SMALLINT|INTEGER|BIGINT|UINTEGER|FLOAT|DOUBLE|DECIMAL.*|DATE|TIME.*|UUID|BLOB)$/

function textSql(mapping: TypeMapping, value: string): string {
  const { type } = mapping
  if (elementType(type) !== null) {
    const cell = cellSql(mapping.element as TypeMapping, 'e')
    return `CASE WHEN ${value} IS NOT NULL THEN (SELECT coalesce(string_agg(${cell}, '' ORDER BY n), '') FROM unnest(${value}) WITH ORDINALITY AS u (e, n)) END`
  }
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1]
  if (scale !== undefined) return `trunc(${value} * 1${'0'.repeat(Number(scale))})::text`
  switch (type) {
    case 'FLOAT':
      return `CASE WHEN ${value} = 'NaN' THEN 'NaN' ELSE ('x' || encode(float4send(${value}), 'hex'))::bit(32)::text END`
    case 'DOUBLE':
      return `CASE WHEN ${value} = 'NaN' THEN 'NaN' ELSE ('x' || encode(float8send(${value}), 'hex'))::bit(64)::text END`
    case 'DATE':
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE':
      return `CASE WHEN ${finiteCondition(type, value)} THEN ${toNumber(type, value)}::text ELSE ${value}::text END`
    case 'TIME':
      return `${toNumber(type, value)}::text`
    case 'BLOB':
      return `encode(${value}, 'hex')`
    case 'VARCHAR':
    case 'JSON':
      // not by a cast, which takes the padding of char away; a row of nulls IS NULL, and is none
      return `CASE WHEN ${value} IS DISTINCT FROM NULL THEN format('%s', ${value}) END`
    default:
      return `${value}::text`
  }
}
