import { type ColumnType, elementType, type ScalarType } from './column-type.ts'
import { columnTypeRow } from './column-types.ts'
import type { Measure } from './measure.ts'
import { own } from './records.ts'

/**
 * How much of a table is compared after it was written. `counts`: the number of rows. `columns`: also the measures of
 * each column (`measuresOf`). `hash`: also a hash of every row.
 */
export type ProofLevel = 'counts' | 'columns' | 'hash'

/** Each measure as a text, so that no number passes through a double; null where there are no values to measure. */
export type ColumnProof = Readonly<Partial<Record<Measure, string | null>>>

export interface TableProof {
  readonly rows: number
  /** By the column's name in the source, or in the file. */
  readonly columns: Readonly<Record<string, ColumnProof>>
  /**
   * Only at level `hash`. Two sums over the MD5 of every row, independent of the order of rows: the first sums their
   * first fifteen hex digits, the second their next fifteen. The text of a row joins the texts of its cells. Null is
   * `-`. A value is in quotes, with inner quotes doubled; a list does the same with its elements. Numbers are their
   * digits without a point, floats the bits of IEEE 754, moments as in `Measure`, a BLOB is in hex. A cell whose text,
   * or BLOB, is larger than `HASHED_CELL_BYTES` becomes `#` and its own MD5.
   */
  readonly hash?: string
}

/**
 * The largest cell that enters `TableProof.hash` as text. Larger cells enter by their own hash, because a text of
 * Postgres holds at most 1 GiB.
 */
export const HASHED_CELL_BYTES: number = 8 * 1024 * 1024

/** Returns the measures of a column of this type. Floats have no `sum`: it depends on the order of the rows. */
export function measuresOf(type: ColumnType): readonly Measure[] {
  const element = elementType(type)
  if (element === null) return columnTypeRow(type as ScalarType).measures
  return ['values', 'elements', ...measuresOf(element).map((measure) => (measure === 'values' ? 'filled' : measure))]
}

/**
 * Describes where two proofs of a table differ; empty when they agree. `columns`: `name` is a column's name in the
 * first proof, `as` its name in the second.
 */
export function proofDifferences(
  source: TableProof,
  file: TableProof,
  columns: readonly { readonly name: string; readonly as: string; readonly type: ColumnType }[],
): string[] {
  const rows = source.rows === file.rows ? [] : [`${source.rows} rows, ${file.rows} in the file`]
  const hash = source.hash === file.hash ? [] : ['the hashes of all rows differ']
  return [
    ...rows,
    ...hash,
    ...columns.flatMap(({ name, as, type }) =>
      measuresOf(type).flatMap((measure) => {
        const [there, here] = [own(source.columns, name)?.[measure] ?? null, own(file.columns, as)?.[measure] ?? null]
        return same(type, there, here) ? [] : [`column ${as}: ${measure} ${there}, ${here} in the file`]
      }),
    ),
  ]
}

function same(column: ColumnType, a: string | null, b: string | null): boolean {
  const type = (elementType(column) ?? column) as ScalarType
  if (a === b) return true
  if (a === null || b === null) return false
  if (type === 'DOUBLE') return Number(a) === Number(b)
  if (type === 'FLOAT') return Math.fround(Number(a)) === Math.fround(Number(b))
  return columnTypeRow(type).kind === 'decimal' && plainDecimal(a) === plainDecimal(b)
}

/** `1.50` and `1.5` are the same number, and so are `0.5` and `.5`, as DuckDB writes a DECIMAL(1,1). */
function plainDecimal(text: string): string {
  const padded = text.replace(/^(-?)\./, '$10.')
  return padded.includes('.') ? padded.replace(/\.?0+$/, '') : padded
}
