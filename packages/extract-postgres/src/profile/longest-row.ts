import { quoteIdentifier, type TableProfile } from '@dwh/core'
import type { PgTable } from '../catalog/list-tables.ts'
import { type Lengths, textLength } from '../catalog/text-length.ts'
import type { TypeMapping } from '../catalog/type-mapping.ts'
import type { Questions } from './questions.ts'

/** The maximum number of UTF-8 bytes for a byte of another encoding. */
const GROWTH_TO_UTF8 = 3

/**
 * Asks for the length of the longest row of a table. A table with empty TOAST tables has no long rows, and the question
 * costs almost nothing.
 * @returns the result after the questions were answered; `undefined` if all rows are short
 */
export function profileLongest(
  table: PgTable,
  lengths: Lengths,
  { ask, utf8 }: Questions,
): () => TableProfile['longest'] {
  const texts = table.columns.flatMap(({ name, mapping }) => {
    const length = textLength(mapping, `t.${quoteIdentifier(name)}`, lengths)
    return length === null ? [] : [mayGrow(mapping, utf8) ? `${GROWTH_TO_UTF8} * ${length}` : length]
  })
  if (texts.length === 0) return () => undefined
  // the expression is not evaluated for each row if the condition is false before the first one
  const longest = (length: string) => ask(`max(CASE WHEN (${hasToast(table)}) THEN ${length} END)`)
  const row = longest(texts.map((text) => `coalesce(${text}, 0)`).join(' + '))
  const value = texts.length === 1 ? row : longest(`greatest(${texts.join(', ')})`)
  return () => {
    const rowBytes = Number(row() ?? 0)
    return rowBytes === 0 ? undefined : { rowBytes, valueBytes: Number(value() ?? 0) }
  }
}

const mayGrow = (mapping: TypeMapping, utf8: boolean) => !utf8 && mapping.type !== 'BLOB' && !mapping.utf8

/**
 * True if values are stored outside the rows (TOAST) of a table, its partitions or its children. For views and foreign
 * tables this is unknown: true.
 */
function hasToast({ oid, kind }: PgTable): string {
  if (kind === 'view' || kind === 'foreign table') return 'SELECT true'
  return `WITH RECURSIVE tree AS (
      SELECT ${oid}::pg_catalog.oid AS oid UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
    ) SELECT coalesce(bool_or(pg_catalog.pg_relation_size(c.reltoastrelid) > 0), false) FROM tree JOIN pg_catalog.pg_class c USING (oid) WHERE c.reltoastrelid <> 0`
}
