import {
  type ColumnProof,
  DwhError,
  formatTableName,
  type ProofEntry,
  type Reader,
  type StoreAs,
  type TableProof,
} from '@dwh/core'
import type { ParquetWriter, WrittenParquet } from '@dwh/parquet-writer'
import { type FoundGap, gapsOf, misreadingText } from './misreadings.ts'
import type { TablePlan } from './plan-run.ts'
import type { SelectedColumn } from './selected-column.ts'
import { CHOICE_MEANING } from './write-table.ts'

/**
 * Refuses a file with values that a reader does not read exactly, unless the user accepted that for their column.
 * `proof`: of the file.
 * @throws DwhError VALUE_REFUSED, naming each column
 */
export async function checkReaders(
  { table, columns }: TablePlan,
  proof: ProofEntry,
  { path, rows }: WrittenParquet,
  writer: ParquetWriter,
): Promise<void> {
  const read = columns.filter((column) => concerned(column, undefined, rows).length > 0)
  if (read.length === 0) return
  const named = read.map((column) => ({ name: column.as, type: column.type }))
  const measured: Pick<TableProof, 'columns'> =
    proof.level === 'counts' ? await writer.prove(path, named, 'columns') : proof
  const misread = read.flatMap((column) => {
    const gaps = concerned(column, measured.columns[column.as] ?? {}, rows)
    return gaps.length > 0 ? [{ column, gaps }] : []
  })
  const [first] = misread
  if (first === undefined) return
  const name = formatTableName(table)
  const what = misread.map(({ column, gaps }) => `column ${column.as}: ${gaps.map(describe).join(', ')}`)
  throw new DwhError('VALUE_REFUSED', `${name}: ${what.join('; ')}`, {
    hint: misread.map(({ column, gaps }) => hintOf(column, gaps, name)).join('\n'),
    context: { column: first.column.as, readers: [...new Set(misread.flatMap(({ gaps }) => gaps.map(nameOf)))] },
  })
}

const describe = ({ reader, gap }: FoundGap) => misreadingText(reader, gap)
const nameOf = ({ reader }: FoundGap): Reader => reader

/** `measures`: undefined for every gap that some value may have. */
function concerned({ type, readBy = [] }: SelectedColumn, measures: ColumnProof | undefined, rows: number): FoundGap[] {
  return readBy.flatMap((reader) => gapsOf(reader, type, measures, rows))
}

/** The choices of a column after which its readers read it exactly. */
function hintOf({ name, allowedTypes = {} }: SelectedColumn, gaps: readonly FoundGap[], table: string): string {
  const onlyInfinities = gaps.every(({ gap }) => gap.values === 'infinities')
  const exact: readonly StoreAs[] = ['text', 'iso8601', 'json', ...(onlyInfinities ? (['nullify'] as const) : [])]
  const choices = exact.filter((choice) => allowedTypes[choice]).map((choice) => CHOICE_MEANING[choice])
  return `Set columns.types.${name} of table ${table}: ${[...choices, 'default (as it is: accepts that)'].join(', or ')}.`
}
