import { type ColumnType, elementType, type ScalarType } from './column-type.ts'
import type { SpecialValues } from './special-values.ts'

/** The programs whose reading of a warehouse's files is known. docs/readers.md gives the version of each. */
export const READERS = [
  'clickhouse',
  'datafusion',
  'duckdb',
  'hyparquet',
  'pandas',
  'polars',
  'pyarrow',
  'spark',
] as const

export type Reader = (typeof READERS)[number]

/**
 * What a reader does with values that it does not read exactly. `file`: it cannot open a file that has the type, not
 * even for its other columns. `fails`: an error when the value is read. `bytes`: it gives the bytes of the value.
 * `changes`: it gives another value, without an error.
 */
export type Misreading = 'file' | 'fails' | 'bytes' | 'changes'

/** Values of a stored type that a reader does not read exactly. */
export interface ReaderGap {
  /** The type of a single value, without the digits of a DECIMAL; or any list. A list has the gaps of its elements too. */
  readonly type: 'DECIMAL' | 'LIST' | Exclude<ScalarType, `DECIMAL${string}`>
  /** The values concerned; absent where it is every value of the type. */
  readonly values?: SpecialValues
  readonly misreading: Misreading
}

const infinities = (date: Misreading, moment: Misreading = date): ReaderGap[] => [
  { type: 'DATE', values: 'infinities', misreading: date },
  { type: 'TIMESTAMP', values: 'infinities', misreading: moment },
  { type: 'TIMESTAMP WITH TIME ZONE', values: 'infinities', misreading: moment },
]

const farYears = (date: Misreading, moment: Misreading = date): ReaderGap[] =>
  infinities(date, moment).map((gap) => ({ ...gap, values: 'far years' }))

const midnight = (misreading: Misreading): ReaderGap => ({ type: 'TIME', values: '24:00', misreading })

/**
 * Every gap of every reader. Types are chosen by it, `dwh plan` and `dwh doctor --readers` print it, and docs/readers.md
 * is compared with it. tools/suites/readers tries each type and each special value with the real programs, and fails
 * where one of them differs from this table.
 */
const GAPS: Readonly<Record<Reader, readonly ReaderGap[]>> = {
  clickhouse: [
    { type: 'TIME', misreading: 'changes' },
    { type: 'JSON', misreading: 'changes' },
    { type: 'LIST', values: 'NULL lists', misreading: 'changes' },
    ...infinities('fails', 'changes'),
    ...farYears('fails', 'changes'),
  ],
  datafusion: [
    { type: 'UUID', misreading: 'bytes' },
    midnight('changes'),
    ...infinities('fails'),
    ...farYears('fails'),
  ],
  duckdb: [],
  hyparquet: [{ type: 'DECIMAL', misreading: 'changes' }, ...infinities('changes')],
  pandas: [midnight('changes'), ...infinities('fails'), ...farYears('fails')],
  polars: [
    { type: 'UUID', misreading: 'bytes' },
    { type: 'JSON', misreading: 'bytes' },
    midnight('changes'),
    ...infinities('fails'),
    ...farYears('fails'),
  ],
  pyarrow: [midnight('changes'), ...infinities('fails'), ...farYears('fails')],
  spark: [
    { type: 'TIME', misreading: 'file' },
    { type: 'UUID', misreading: 'file' },
    { type: 'TIMESTAMP WITH TIME ZONE', values: '0001-01-01', misreading: 'fails' },
    ...infinities('fails'),
    ...farYears('fails'),
  ],
}

/** The gaps of a reader that concern a column of this type. */
export function readerGaps(reader: Reader, type: ColumnType): readonly ReaderGap[] {
  const element = elementType(type)
  const single = (element ?? type).replace(/\(.*\)/, '')
  return GAPS[reader].filter((gap) => gap.type === single || (gap.type === 'LIST' && element !== null))
}

/** True if the reader reads no value of this type exactly, whatever the values are. */
export function misreadsType(reader: Reader, type: ColumnType): boolean {
  return readerGaps(reader, type).some(({ values }) => values === undefined)
}
