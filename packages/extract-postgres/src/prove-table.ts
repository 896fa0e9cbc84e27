import { type ColumnProof, type Measure, measuresOf, quoteIdentifier, type TableProof } from '@dwh/core'
import type { PgColumn, PgTable } from './list-tables.ts'
import type { PgClient } from './pg-client.ts'
import { sourceFailure } from './postgres-errors.ts'
import { qualifiedName } from './read-rows.ts'

/** Postgres allows 1,664 expressions in one list (MaxTupleAttributeNumber); the rest goes into further queries. */
const MOST_EXPRESSIONS = 1_600

/**
 * Measures a table by aggregates of the server, in one pass over it, or in several for a table with hundreds of columns. Call it inside `beginSnapshot`, under the
 * table's lock: it then speaks of the same rows as a read in the same snapshot.
 * @throws DwhError SOURCE_FAILED, naming the table
 */
export async function proveTable(client: PgClient, table: PgTable, where: string | undefined): Promise<TableProof> {
  try {
    const { rows: settings } = await client.query(`SELECT current_setting('server_encoding') = 'UTF8' AS utf8`)
    const expressions = table.columns.flatMap((column) =>
      measuresOf(column.type).map((measure) => ({
        column: column.name,
        measure,
        sql: expressionOf(column, measure, settings[0].utf8),
      })),
    )
    const condition = where === undefined ? '' : ` WHERE (${where}\n)`
    const columns: Record<string, Record<string, string | null>> = {}
    let count = 0
    for (let at = 0; at === 0 || at < expressions.length; at += MOST_EXPRESSIONS) {
      const part = expressions.slice(at, at + MOST_EXPRESSIONS)
      const list = ['count(*)', ...part.map(({ sql }) => `(${sql})::text`)].join(', ')
      const { rows } = await client.query({
        text: `SELECT ${list} FROM ${qualifiedName(table)}${condition}`,
        rowMode: 'array',
      })
      const [first = [], ...found] = (rows[0] ?? []) as (string | null)[]
      count = Number(first)
      part.forEach(({ column, measure }, index) => {
        columns[column] = { ...columns[column], [measure]: found[index] ?? null }
      })
    }
    return { rows: count, columns: columns as Record<string, ColumnProof> }
  } catch (error) {
    throw sourceFailure(error, { table })
  }
}

function expressionOf(column: PgColumn, measure: Measure, utf8: boolean): string {
  const name = quoteIdentifier(column.name)
  const value = column.mapping.select(name)
  const finite = finiteOf(column, value)
  switch (measure) {
    case 'values':
      return `count(${name})`
    case 'sum':
      // there is no sum of oid
      return column.type === 'UINTEGER' ? `sum(${value}::pg_catalog.int8)` : `sum(${value})`
    case 'min':
    case 'max':
      return number(column, `${measure}(${value})${finite === null ? '' : ` FILTER (WHERE ${finite})`}`)
    case 'nan':
      return `count(*) FILTER (WHERE ${value} = 'NaN')`
    case 'infinite':
      return `count(*) FILTER (WHERE ${infiniteOf(column, value)})`
    case 'true':
      return `count(*) FILTER (WHERE ${value})`
    case 'bytes':
      return `coalesce(sum(${bytesOf(column, name, utf8)}), 0)`
  }
}

/** A condition that leaves out what has no place on the number line; null where there is no such thing. */
function finiteOf({ type }: PgColumn, value: string): string | null {
  if (type === 'FLOAT' || type === 'DOUBLE') return `${value} NOT IN ('NaN', 'Infinity', '-Infinity')`
  return type === 'DATE' || type.startsWith('TIMESTAMP') ? `pg_catalog.isfinite(${value})` : null
}

function infiniteOf({ type }: PgColumn, value: string): string {
  return type === 'FLOAT' || type === 'DOUBLE'
    ? `${value} IN ('Infinity', '-Infinity')`
    : `NOT pg_catalog.isfinite(${value})`
}

/** An aggregate of days or moments, as whole days or microseconds. */
function number({ type }: PgColumn, aggregate: string): string {
  if (type === 'DATE') return `${aggregate} - DATE '2000-01-01'`
  if (type === 'TIME') return micros(aggregate)
  if (type === 'TIMESTAMP') return micros(`${aggregate} - TIMESTAMP '2000-01-01'`)
  if (type === 'TIMESTAMP WITH TIME ZONE') return micros(`${aggregate} - TIMESTAMPTZ '2000-01-01 00:00:00+00'`)
  return aggregate
}

function micros(moment: string): string {
  return `trunc(extract(epoch FROM ${moment}) * 1000000)`
}

/** The length of the text that travels: of the output function, not of a cast, which changes some. */
function bytesOf({ mapping, type }: PgColumn, name: string, utf8: boolean): string {
  if (type === 'BLOB') return `octet_length(${name})`
  if (!utf8) return `octet_length(convert_to(format('%s', ${name}), 'UTF8'))`
  return mapping.plainText ? `octet_length(${name})` : `octet_length(format('%s', ${name}))`
}
