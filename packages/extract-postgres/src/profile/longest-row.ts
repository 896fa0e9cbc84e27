import { quoteIdentifier, type TableProfile } from '@dwh/core'
import type { PgTable } from '../catalog/list-tables.ts'
import { type Lengths, textLength } from '../catalog/text-length.ts'
import type { TypeMapping } from '../catalog/type-mapping.ts'
import type { Questions } from './questions.ts'

/** The most bytes of UTF-8 for a byte of another encoding. */
const GROWTH_TO_UTF8 = 3

/**
 * Asks how long the longest row of a table is. A table with nothing in its TOAST tables has no long rows, and costs next to nothing.
 * @returns what to say once the questions were answered; `undefined` where all rows are short
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
  // an expression per row is not evaluated where the answer is known before the first one
  const longest = (length: string) => ask(`max(CASE WHEN (${hasToast(table)}) THEN ${length} END)`)
  const row = longest(texts.map((text) => `coalesce(${text}, 0)`).join(' + '))
  const value = texts.length === 1 ? row : longest(`greatest(${texts.join(', ')})`)
  return () => {
    const rowBytes = Number(row() ?? 0)
    return rowBytes === 0 ? undefined : { rowBytes, valueBytes: Number(value() ?? 0) }
  }
}

const mayGrow = (mapping: TypeMapping, utf8: boolean) => !utf8 && mapping.type !== 'BLOB' && !mapping.utf8

/** Whether anything is stored beside the rows of a table, of its partitions or of its children. Of what is no table nobody knows. */
function hasToast({ oid, kind }: PgTable): string {
  if (kind === 'view' || kind === 'foreign table') return 'SELECT true'
  return `WITH RECURSIVE tree AS (
      SELECT ${oid}::pg_catalog.oid AS oid UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
    ) SELECT coalesce(bool_or(pg_catalog.pg_relation_size(c.reltoastrelid) > 0), false) FROM tree JOIN pg_catalog.pg_class c USING (oid) WHERE c.reltoastrelid <> 0`
}
