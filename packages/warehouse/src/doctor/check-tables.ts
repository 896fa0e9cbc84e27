import type { Config } from '@dwh/config'
import {
  formatBytes,
  formatTableName,
  isDwhError,
  matchesTable,
  plural,
  type SourceSnapshot,
  type TableSchema,
  type TriedTable,
} from '@dwh/core'
import {
  checkColumnNames,
  checkTableNames,
  type DeniedRead,
  type PlanNote,
  planNotes,
  type SelectedTable,
  type Selection,
  selectTables,
} from '@dwh/pipeline'
import { failed, failureOf, type Limits, type Outcome, ok, warning } from './finding.ts'

export interface ChosenTables {
  readonly selection: Selection
  /** Why no tables could be selected; null if they were. */
  readonly problem: Outcome | null
}

/** Selects the tables by the settings, and runs the checks of a plan that need no warehouse. */
export async function chooseTables(
  snapshot: SourceSnapshot,
  tables: readonly TableSchema[],
  config: Config,
): Promise<ChosenTables> {
  const typeNames = config.selection.types && (await snapshot.typeNames?.())
  try {
    const selection = selectTables(tables, config.selection, { typeNames })
    checkTableNames(selection.selected.map(({ name, table }) => ({ name, from: formatTableName(table), asked: true })))
    for (const { table, columns } of selection.selected)
      checkColumnNames(
        formatTableName(table),
        columns.map((column) => column.as),
      )
    return { selection, problem: null }
  } catch (error) {
    return { selection: { selected: [], skipped: [], denied: [], notAsked: [] }, problem: failureOf(error) }
  }
}

/** The tables that were tried, with the outcomes. */
export interface Trials {
  readonly tried: readonly TriedTable[]
  readonly untried: readonly SelectedTable[]
  /** Time limits for each table, and for all together. */
  readonly tableMs: number
  readonly timeoutMs: number
}

/** Time limit for one table. */
const TABLE_MS = 2_000

/**
 * Reads one row of each readable table, as a run would. Ends after `timeoutMs` with the results so far.
 * @throws DwhError ABORTED when `signal` fires
 */
export async function tryEach(
  snapshot: SourceSnapshot,
  { selected, denied }: Selection,
  { signal, timeoutMs }: Limits,
): Promise<{ readonly value: Trials } | { readonly failure: Outcome }> {
  const unreadable = new Set(denied.map(({ table }) => table))
  const readable = selected.filter(({ table }) => !unreadable.has(formatTableName(table)))
  const tableMs = Math.ceil(Math.min(TABLE_MS, timeoutMs / 3))
  const deadline = AbortSignal.timeout(timeoutMs)
  const tried: TriedTable[] = []
  const reads = readable.map(({ table, where }) => ({ table, where: where ?? undefined }))
  const limits = { tableMs, signal: AbortSignal.any([signal, deadline]) }
  try {
    await snapshot.tryTables?.(reads, limits, (each) => void tried.push(each))
  } catch (error) {
    if (signal.aborted) throw error
    if (!deadline.aborted) return { failure: failureOf(error) }
  }
  const done = new Set(tried.map(({ table }) => table))
  return { value: { tried, untried: readable.filter(({ table }) => !done.has(table)), tableMs, timeoutMs } }
}

/** Reports whether every table can be read. */
export function tablesOutcome(
  { selected, denied }: Selection,
  trials: Trials,
  tables: readonly TableSchema[],
  config: Config,
): Outcome {
  const broken = trials.tried.filter(({ outcome }) => outcome === 'failed')
  if (denied.length > 0 || broken.length > 0) return unreadableOutcome(denied, broken)
  if (tables.length === 0)
    return failed('no tables are visible to this role', 'Is it the right database? Check its name in the URL.')
  if (selected.length === 0) return failed('include and exclude leave no table', 'Include at least one table.')
  const bytes = selected.reduce((sum, { table }) => sum + (table.estimatedBytes ?? 0), 0)
  const found = `${plural(selected.length, 'table')} to read, about ${formatBytes(bytes)} in Postgres`
  const { include = [], exclude = [] } = config.selection
  const idle = [...include, ...exclude].filter((pattern) => !tables.some((table) => matchesTable(pattern, table)))
  const warnings = [
    ...trialWarnings(trials),
    ...(idle.length === 0
      ? []
      : [
          {
            found: `${idle.join(', ')} matches no table`,
            fix: 'Correct the pattern, or keep it if the table will be created later.',
            sql: [],
          },
        ]),
  ]
  if (warnings.length === 0) return ok(`${found}; one row of each was read`)
  const sql = [...new Set(warnings.flatMap((each) => each.sql))]
  return warning(
    [found, ...warnings.map((each) => each.found)].join('; '),
    warnings.map(({ fix }) => fix).join('\n'),
    sql.length > 0 ? `${sql.join('\n')}\n` : null,
  )
}

interface Warned {
  readonly found: string
  readonly fix: string
  readonly sql: readonly string[]
}

function trialWarnings({ tried, untried, tableMs, timeoutMs }: Trials): Warned[] {
  const slow = tried.filter(({ outcome }) => outcome === 'slow').map(({ table }) => formatTableName(table))
  const locked = tried.filter(({ outcome }) => outcome === 'locked')
  const warnings: Warned[] = []
  if (slow.length > 0) {
    const fix =
      'A run waits for the first row without a time limit. If that takes too long, check the queries of these views.'
    warnings.push({ found: `no row within ${tableMs / 1000} s: ${listed(slow)}`, fix, sql: [] })
  }
  if (locked.length > 0) {
    const sql = locked.flatMap(({ error }) => (typeof error?.context.sql === 'string' ? [error.context.sql] : []))
    const fix =
      'A run waits for lock_timeout, then fails. Wait until the locking session ends, or end it if nobody needs it:'
    warnings.push({ found: listed(locked.map(messageOf)), fix, sql })
  }
  if (untried.length > 0) {
    const names = untried.map(({ table }) => formatTableName(table))
    const found = `not tried within ${timeoutMs / 1000} s: ${listed(names)}`
    warnings.push({ found, fix: 'Raise --timeout.', sql: [] })
  }
  return warnings
}

function unreadableOutcome(denied: readonly DeniedRead[], broken: readonly TriedTable[]): Outcome {
  const what = [
    ...denied.map(({ table, column, reason }) => `${table}${column === null ? '' : `, column ${column}`}: ${reason}`),
    ...broken.map(messageOf),
  ]
  const sql = [...new Set(denied.flatMap((each) => each.sql ?? []))]
  const hints = broken.map(({ error }) => error?.hint ?? 'Fix it in the source, or exclude it.')
  // problems that no statement fixes have a hint of their own
  const others = denied.flatMap((each) => (each.sql ? [] : [each.hint]))
  const fixes = [
    ...new Set([...hints, ...others]),
    ...(sql.length > 0
      ? ['Ask someone with the rights to run this, or leave out what should not be read (exclude, columns.exclude):']
      : []),
  ]
  return failed(listed(what, '; '), fixes.slice(0, SHOWN).join('\n'), sql.length > 0 ? `${sql.join('\n')}\n` : null)
}

function messageOf({ table, error }: TriedTable): string {
  const name = formatTableName(table)
  const message = isDwhError(error) ? error.message : 'not read'
  return message.startsWith(name) ? message : `${name}: ${message}`
}

/** Reports the notes about readable tables; a warning if something should be done. */
export function notesOutcome(
  { selected }: Selection,
  tables: readonly TableSchema[],
  ofSchedules: readonly PlanNote[],
): Outcome {
  const read = selected.map(({ table }) => table)
  const notes = [...planNotes(read, tables), ...ofSchedules]
  if (notes.length === 0) return ok('no notes about the tables')
  const found = listed(
    notes.map((note) => note.found),
    '; ',
  )
  const fixes = [...new Set(notes.flatMap(({ fix }) => fix ?? []))]
  const sql = notes.flatMap((note) => note.sql ?? [])
  if (fixes.length === 0) return ok(found)
  return warning(found, fixes.slice(0, SHOWN).join('\n'), sql.length > 0 ? `${sql.join('\n')}\n` : null)
}

/** Maximum number of tables that one line names. */
const SHOWN = 10

function listed(texts: readonly string[], separator = ', '): string {
  const more = texts.length > SHOWN ? `${separator}and ${texts.length - SHOWN} more` : ''
  return `${texts.slice(0, SHOWN).join(separator)}${more}`
}
