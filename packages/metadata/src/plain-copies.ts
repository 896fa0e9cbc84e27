import {
  type CopyPolicy,
  type Day,
  type EtlState,
  type FileEntry,
  type IndexedDay,
  type MonthIndex,
  own,
  parseTableName,
  plainCopyKey,
  tableFileKey,
} from '@dwh/core'
import { filesOfDay } from './read-days.ts'

/** A plain copy: `<table>/YYYY/MM/DD.parquet`. */
export interface PlainCopy {
  readonly table: string
  readonly path: string
  /** What it is a copy of; null where there must be none. */
  readonly file: FileEntry | null
}

/** Lists the plain copies of a day, one for each table in its manifest. A table of several files has none. */
export function plainCopiesOf(index: MonthIndex, day: Day, { months }: Pick<EtlState, 'months'>): PlainCopy[] {
  const isOver = Object.keys(months).some((month) => month > index.month)
  const policies = own(index.days, day)?.complete
  return [...(filesOfDay(index, day) ?? [])].map(([table, [file, ...more]]) => {
    const path = tableFileKey(parseTableName(table), day)
    const policy = (policies && own(policies, table)) ?? 'daily'
    const isWanted = {
      daily: () => true,
      changed: () => file?.key === path || plainCopyKey(file?.key ?? '') === path,
      'month-end': () => isOver && day === lastDayOf(index, table),
      never: () => false,
    } satisfies Record<CopyPolicy, () => boolean>
    return { table, path, file: file && more.length === 0 && isWanted[policy]() ? file : null }
  })
}

function lastDayOf({ days }: MonthIndex, table: string): Day | undefined {
  const listed = Object.entries(days).filter(([, { tables }]) => own(tables, table))
  return listed
    .map(([day]) => day)
    .sort()
    .at(-1)
}

/** The days of a month with copies that depend on which days, and which months, follow them. */
export function monthEndDays(days: Iterable<readonly [Day, Pick<IndexedDay, 'complete'>]>): Day[] {
  const last = new Map<string, Day>()
  for (const [day, { complete = {} }] of [...days].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const [table, policy] of Object.entries(complete)) if (policy === 'month-end') last.set(table, day)
  return [...new Set(last.values())].sort()
}
