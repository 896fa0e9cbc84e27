import {
  type ColumnEntry,
  type Day,
  type DayManifest,
  DwhError,
  type EtlState,
  formatTableName,
  isColumnType,
  matchesTable,
  own,
  parseTableName,
  type SelectionSettings,
  type SourceIdentity,
  sizeOfFiles,
  type TableEntry,
  type TableSchema,
  tableFileKey,
} from '@dwh/core'
import { asText } from './for-readers.ts'
import { checkColumnNames, checkTableNames } from './name-conflicts.ts'
import { foreignKeyNotes, type PlanNote, planNotes } from './plan-notes.ts'
import {
  checkDenied,
  type SelectedTable,
  type Selection,
  type SkippedTable,
  selectTables,
  unknownTable,
} from './select-tables.ts'
import type { SelectedColumn } from './selected-column.ts'
import { settingsHash, type TableStep } from './table-step.ts'

export interface PlanInput {
  readonly date: Day
  /** Current day in the time zone of the warehouse. */
  readonly today: Day
  /** Read only tables that match these patterns, as in `dwh run --tables`; null for all. */
  readonly only: readonly string[] | null
  /** Allow replacing the files of a past day. */
  readonly replace: boolean
  readonly state: EtlState
  /** The manifest of `date`; null if there is none. */
  readonly manifest: DayManifest | null
  /** By source name: its tables and settings. */
  readonly sources: Readonly<Record<string, PlannedSource>>
  /** Allow a source to be another database than the one that the warehouse was read from. */
  readonly acceptNewSource: boolean
}

export interface PlannedSource {
  readonly identity: SourceIdentity
  readonly tables: readonly TableSchema[]
  readonly settings: SelectionSettings
  /** As in `SourceSnapshot.typeNames`. */
  readonly typeNames?: readonly (readonly string[])[] | undefined
}

export interface TablePlan extends SelectedTable {
  /** Name of the source. */
  readonly source: string
  /** The table as the settings ask for it, without what is remembered of its current version. */
  readonly asked: TableSchema
  /** As `settingsHash`. */
  readonly settings: string
  /** What the run does with it. Before `detectChanges`, every table is read. */
  readonly step: TableStep
  /** The columns of its current version, which keep their ids, and the highest id that it ever had. */
  readonly earlierColumns: readonly ColumnEntry[]
  readonly lastColumnId: number
  /** The key of its plain copy. */
  readonly key: string
  /** True if the day already has a file of this table. */
  readonly replaces: boolean
  /** Changes since the current files of the table, in words; empty for a new or unchanged table. */
  readonly changes: readonly string[]
  readonly isNew: boolean
  /** Size of its current files; null for a new table. */
  readonly previousBytes: number | null
}

/** Everything that a run will do, as data: `dwh plan` prints it, `executePlan` does it. */
export interface RunPlan {
  readonly date: Day
  /** Sorted by name. */
  readonly tables: readonly TablePlan[]
  readonly skipped: readonly SkippedTable[]
  /** Current tables that leave the views, since this run finds them removed or left out; their history stays. */
  readonly dropped: readonly string[]
  /** Every table that is current after the commit. */
  readonly current: readonly string[]
  /** Notes about the tables. */
  readonly notes: readonly PlanNote[]
}

/**
 * Plans a run. Pure: the same input gives the same plan.
 * @throws DwhError CONFIG_INVALID, NAME_CONFLICT, SOURCE_DENIED (also for a source without any table)
 */
export function planRun(input: PlanInput): RunPlan {
  const { date, today, only, state } = input
  if (date > today) {
    throw new DwhError('CONFIG_INVALID', `date ${date}: in the future; today is ${today}`, {
      hint: 'Choose today or an earlier day, or set timezone.',
    })
  }
  const selections = Object.entries(input.sources).map(([source, { tables, settings, typeNames }]) => {
    const selection = selectTables(tables, settings, { typeNames, only })
    if (only === null) {
      checkDenied(selection)
      checkNotEmpty(source, tables, selection)
    }
    return { source, tables, selection }
  })
  const wanted = selections.flatMap(({ source, selection }) =>
    selection.selected.map((selected) => ({ ...selected, source })),
  )
  if (only !== null) {
    checkOnly(only, selections)
    for (const { selection } of selections) checkDenied(selection)
  }
  const notAsked = selections.flatMap(({ selection }) => selection.notAsked)
  const all = [...wanted, ...notAsked]

  const dropped = only === null ? findDropped(input, new Set(all.map((table) => table.name))) : []
  checkSameSources(input)
  const staying = Object.keys(state.tables).filter(
    (name) => !dropped.includes(name) && !all.some((table) => table.name === name),
  )
  checkTableNames([
    ...staying.map((name) => ({ name, from: name, asked: only === null })),
    ...notAsked.map((table) => ({ ...table, asked: false })),
    ...wanted.map((table) => ({ name: table.name, from: formatTableName(table.table), asked: true })),
  ])
  const tables = wanted.map((table) => planTable(table, input)).sort((a, b) => (a.name < b.name ? -1 : 1))
  checkReplace(input, tables)
  const skipped = selections.flatMap(({ selection }) => selection.skipped).sort((a, b) => (a.table < b.table ? -1 : 1))
  const remaining = Object.keys(state.tables).filter((name) => !dropped.includes(name))
  const current = [...new Set([...remaining, ...tables.map(({ name }) => name)])].sort()
  const notes = selections.flatMap(({ tables: known, selection }) => notesOf(selection, known))
  return { date, tables, skipped, dropped, current, notes }
}

/** The notes about the tables of one source that are read. */
function notesOf({ selected, notAsked }: Selection, known: readonly TableSchema[]): PlanNote[] {
  const tables = selected.map(({ table }) => table)
  return [...planNotes(tables, known), ...foreignKeyNotes(tables, new Set(notAsked.map(({ from }) => from)))]
}

function planTable(selected: SelectedTable & { source: string }, { date, state, manifest }: PlanInput): TablePlan {
  const names = selected.columns.map((column) => column.as)
  checkColumnNames(formatTableName(selected.table), names)
  const current = state.tables[selected.name]
  return {
    ...remembering(selected, current),
    asked: selected.table,
    settings: settingsHash(selected.source, selected),
    step: { action: 'read', reason: null, state: null },
    key: tableFileKey(parseTableName(selected.name), date),
    earlierColumns: own(state.tables, selected.name)?.columns ?? [],
    lastColumnId: own(state.column_ids, selected.name) ?? 0,
    replaces: manifest?.tables[selected.name] !== undefined,
    changes: current ? schemaChanges(current, selected) : [],
    isNew: current === undefined,
    previousBytes: current ? sizeOfFiles(current.files).bytes : null,
  }
}

/**
 * Gives inferred columns their current type as minimum, if their source type is unchanged: from there they only widen.
 * A column that its values made text, for a reader, stays text as long as that reader is asked for.
 */
function remembering<T extends SelectedTable>(selected: T, current: TableEntry | undefined): T {
  const before = new Map(current?.columns.map((column) => [column.name, column]))
  const columns = selected.columns.map((column): SelectedColumn => {
    const was = before.get(column.as)
    if (was === undefined || was.source_type !== column.sourceType) return column
    const readers = column.readBy?.filter((reader) => was.stored_for?.includes(reader)) ?? []
    if (readers.length > 0 && column.storeAs === undefined)
      return { ...(asText(column, readers) ?? column), as: column.as }
    const same = was.stored_as === column.storeAs
    return column.inferred && same && isColumnType(was.type) ? { ...column, minimumType: was.type } : column
  })
  return withColumns(selected, columns)
}

/** Sets the columns of the selection and of its table, which differ only in the name. */
export function withColumns<T extends SelectedTable>(selected: T, columns: readonly SelectedColumn[]): T {
  return { ...selected, columns, table: { ...selected.table, columns: columns.map(({ as: _, ...column }) => column) } }
}

function schemaChanges(current: TableEntry, selected: SelectedTable): string[] {
  const before = new Map(current.columns.map((column) => [column.name, column.type]))
  const after = new Map(selected.columns.map((column) => [column.as, column]))
  return [
    ...[...after.keys()].filter((name) => !before.has(name)).map((name) => `column ${name} is new`),
    ...[...before.keys()].filter((name) => !after.has(name)).map((name) => `column ${name} is gone`),
    ...[...after].flatMap(([name, { type, inferred }]) => {
      const was = before.get(name)
      // the type of an inferred column is known only after reading
      return was !== undefined && was !== type && !inferred ? [`column ${name} was ${was}, is ${type}`] : []
    }),
  ]
}

/** A run for an earlier day never changes the current views, so it removes nothing either. */
function findDropped({ date, state, sources }: PlanInput, names: ReadonlySet<string>): string[] {
  return Object.entries(state.tables)
    .filter(([name, entry]) => Object.hasOwn(sources, entry.source.name) && !names.has(name) && entry.date <= date)
    .map(([name]) => name)
}

/**
 * Prevents a wrong URL from changing a warehouse: a source must stay the same database, unless the user accepts
 * another.
 */
function checkSameSources({ state, sources, acceptNewSource }: PlanInput): void {
  if (acceptNewSource) return
  for (const [name, { identity }] of Object.entries(sources)) {
    const before = own(state.sources, name)
    const differs = differingFields(before, identity)
    if (differs.length === 0) continue
    const what = differs.map((field) => `${field} ${before?.[field]}, now ${identity[field]}`).join('; ')
    throw new DwhError('CONFIG_INVALID', `source ${name}: another database than before (${what})`, {
      hint: 'Use the right URL, or another storage. If the database was moved, restored or upgraded, add --accept-new-source once.',
    })
  }
}

/** The fields in which the two databases differ. A field that is unknown on one side does not count. */
export function differingFields(before: SourceIdentity | undefined, now: SourceIdentity): string[] {
  return Object.keys(now).filter(
    (field) => before?.[field] != null && now[field] != null && before[field] !== now[field],
  )
}

function checkNotEmpty(source: string, tables: readonly TableSchema[], { selected, skipped }: Selection): void {
  if (selected.length > 0) return
  const why =
    tables.length === 0
      ? 'no tables that this role can see'
      : `no table is selected: ${skipped.map((s) => `${s.table} (${s.reason})`).join(', ')}`
  throw new DwhError('SOURCE_DENIED', `source ${source}: ${why}`, {
    hint:
      tables.length === 0
        ? 'Check the name of the database in the URL, and the permissions of the role.'
        : 'Include at least one table; a view is read only if it is included by name.',
  })
}

interface SelectedFrom {
  readonly tables: readonly TableSchema[]
  readonly selection: Selection
}

/** Reports requested tables that are not read, with the reason. */
export function checkOnly(only: readonly string[], selections: readonly SelectedFrom[]): void {
  const read = selections.flatMap(({ selection }) => selection.selected.map(({ table }) => table))
  for (const pattern of only) {
    if (read.some((table) => matchesTable(pattern, table))) continue
    const skipped = selections.flatMap(({ selection }) =>
      selection.skipped.filter(({ table }) => matchesTable(pattern, parseTableName(table))),
    )
    const [first] = skipped
    if (first === undefined) {
      const known = selections.flatMap(({ tables }) => tables.map((table) => formatTableName(table)))
      throw unknownTable(`--tables ${pattern}`, pattern, known)
    }
    const why = skipped.slice(0, 10).map(({ table, reason }) => `${table}: ${reason}`)
    const more = skipped.length > why.length ? `; and ${skipped.length - why.length} more` : ''
    throw new DwhError('CONFIG_INVALID', `--tables ${pattern}: not read: ${why.join('; ')}${more}`, {
      hint: '--tables selects from the tables that the configuration reads: include it there.',
    })
  }
}

function checkReplace({ date, today, replace }: PlanInput, tables: readonly TablePlan[]): void {
  if (replace || date === today) return
  const there = tables.filter((table) => table.replaces).map((table) => table.name)
  if (there.length === 0) return
  throw new DwhError(
    'CONFIG_INVALID',
    `date ${date}: a past day that already holds ${there.slice(0, 10).join(', ')}${there.length > 10 ? ', …' : ''}`,
    {
      hint: 'The current content of the tables would replace that of the past day. Add --replace if you want that.',
    },
  )
}
