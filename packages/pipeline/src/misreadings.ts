import {
  type ColumnProof,
  type ColumnType,
  hasSpecialValues,
  isColumnType,
  type Misreading,
  own,
  type Reader,
  type ReaderGap,
  readerGaps,
  type SpecialValues,
  type TableEntry,
} from '@dwh/core'

/** A column of the warehouse that a reader does not read exactly. */
export interface MisreadColumn {
  readonly table: string
  readonly column: string
  readonly type: ColumnType
  readonly reader: Reader
  readonly gap: ReaderGap
  /** False where the values decide, and nobody has measured them: the proof of the table counted only its rows. */
  readonly certain: boolean
}

/** Finds the columns that readers do not read exactly, by the types and the proofs of their tables. */
export function misreadColumns(
  tables: Readonly<Record<string, TableEntry>>,
  readers: readonly Reader[],
): MisreadColumn[] {
  return Object.entries(tables).flatMap(([table, { columns, proof }]) =>
    columns.flatMap(({ name, type, nullable }) => {
      if (!isColumnType(type)) return []
      const measures = proof.level === 'counts' ? undefined : own(proof.columns, name)
      const found = readers.flatMap((reader) => gapsOf(reader, type, measures, proof.rows))
      return found
        .filter(({ gap }) => gap.values !== 'NULL lists' || nullable)
        .map((each) => ({ table, column: name, type, ...each }))
    }),
  )
}

export type FoundGap = Pick<MisreadColumn, 'reader' | 'gap' | 'certain'>

/** The gaps of a reader that concern a column. `measures`: undefined where they are not known. */
export function gapsOf(reader: Reader, type: ColumnType, measures: ColumnProof | undefined, rows: number): FoundGap[] {
  return readerGaps(reader, type).flatMap((gap): FoundGap[] => {
    if (gap.values === undefined) return [{ reader, gap, certain: true }]
    if (rows === 0) return []
    if (measures === undefined) return [{ reader, gap, certain: false }]
    return hasSpecialValues(gap.values, type, measures, rows) ? [{ reader, gap, certain: true }] : []
  })
}

const DOES: Readonly<Record<Misreading, string>> = {
  file: 'cannot open a file with',
  fails: 'fails on',
  bytes: 'gives bytes instead of',
  changes: 'changes',
}

const VALUES: Readonly<Record<SpecialValues, string>> = {
  infinities: 'infinity',
  'far years': 'years before 1 or after 9999',
  '0001-01-01': 'the day 0001-01-01',
  '24:00': '24:00:00',
  'NULL lists': 'a NULL list',
}

/** Describes what a reader does: `spark cannot open a file with UUID`, `clickhouse changes a NULL list`. */
export function misreadingText(reader: Reader, { type, values, misreading }: ReaderGap): string {
  return `${reader} ${DOES[misreading]} ${values === undefined ? type : VALUES[values]}`
}
