import { type ColumnType, elementType, type ScalarType } from './column-type.ts'
import { columnTypeRow } from './column-types.ts'
import type { Measure } from './measure.ts'
import { own } from './records.ts'

/** How much of a table is compared after it was written. `counts`: rows. `columns`: rows, and for each column what `measuresOf` says. `hash`: also a hash of every row. */
export type ProofLevel = 'counts' | 'columns' | 'hash'

/** Each measure as a text, so that no number passes through a double; null for the minimum of nothing. */
export type ColumnProof = Readonly<Partial<Record<Measure, string | null>>>

export interface TableProof {
  readonly rows: number
  /** By the column's name in the source, or in the file. */
  readonly columns: Readonly<Record<string, ColumnProof>>
  /**
   * With `hash`: two sums over all rows, whatever their order, of the first and the second fifteen hex digits of the MD5 of each. A row is the texts of its cells, one after another: null is `-`, a
   * value is in quotes, quotes in it doubled; of a list the same of its elements; numbers are their digits without a point, floats the bits of IEEE 754, moments as in `Measure`, a BLOB is in hex.
   * A cell of which that, or the BLOB itself, has more than `HASHED_CELL_BYTES` is `#` and its own MD5 instead.
   */
  readonly hash?: string
}

/**
 * No text of Postgres takes more than 1 GiB, so that long cells take part in `TableProof.hash` by a hash of their
 * own.
 */
export const HASHED_CELL_BYTES: number = 8 * 1024 * 1024

/** What is measured of a column of this type. The sum of floats is not: it depends on the order. */
export function measuresOf(type: ColumnType): readonly Measure[] {
  const element = elementType(type)
  if (element === null) return columnTypeRow(type as ScalarType).measures
  return ['values', 'elements', ...measuresOf(element).map((measure) => (measure === 'values' ? 'filled' : measure))]
}

/** Where two proofs of a table differ, in words; empty when they agree. `names`: each column's name in the first, then in the second. */
export function proofDifferences(
  source: TableProof,
  file: TableProof,
  columns: readonly { readonly name: string; readonly as: string; readonly type: ColumnType }[],
): string[] {
  const rows = source.rows === file.rows ? [] : [`${source.rows} rows, ${file.rows} in the file`]
  const hash = source.hash === file.hash ? [] : ['the hash of all rows']
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

/** `1.50` and `1.5` are one number, and so are `0.5` and `.5`, as DuckDB writes a DECIMAL(1,1). */
function plainDecimal(text: string): string {
  const padded = text.replace(/^(-?)\./, '$10.')
  return padded.includes('.') ? padded.replace(/\.?0+$/, '') : padded
}
