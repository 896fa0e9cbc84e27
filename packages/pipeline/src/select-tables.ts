import {
  type CopyPolicy,
  type Denied,
  DwhError,
  didYouMean,
  type ExtractSetting,
  formatTableName,
  isExactPattern,
  matchesTable,
  nearest,
  type ProofLevel,
  parseTableName,
  type SelectionSettings,
  type TableSchema,
  type TableSettings,
} from '@dwh/core'
import { chosen, type TypeChoice, typeChoices } from './choose-types.ts'
import { forReaders } from './for-readers.ts'
import type { SelectedColumn } from './selected-column.ts'

/** A table of the source that this run leaves out. */
export interface SkippedTable {
  /** As the source names it. */
  readonly table: string
  readonly reason: string
}

/** A table that this run reads, with its settings applied. */
export interface SelectedTable {
  /** In the warehouse. */
  readonly name: string
  /** The table as in the source, with the columns to read in order. */
  readonly table: TableSchema
  /** Source columns with their names in the warehouse, in the same order. */
  readonly columns: readonly SelectedColumn[]
  /** Names of the primary key columns in the warehouse; empty if one of them is left out. */
  readonly primaryKey: readonly string[]
  readonly where: string | null
  readonly extract: ExtractSetting
  /**
   * Level of the proof. For views and foreign tables, which are outside the snapshot, only rows are counted: two
   * queries may return different rows.
   */
  readonly verify: ProofLevel
  readonly complete: CopyPolicy
}

/** A selected table, or a column of one, that the role may not read. */
export interface DeniedRead extends Denied {
  /** As the source names it. */
  readonly table: string
  /** Null for the whole table. */
  readonly column: string | null
}

export interface Selection {
  readonly selected: readonly SelectedTable[]
  readonly skipped: readonly SkippedTable[]
  /** Parts of the selected tables that the role may not read. */
  readonly denied: readonly DeniedRead[]
  /** Tables that the settings select but `only` does not: their names in the warehouse, and in the source. */
  readonly notAsked: readonly { readonly name: string; readonly from: string }[]
}

export interface SelectOptions {
  /** As in `SourceSnapshot.typeNames`; without it, a type is identified by its `sourceType`. */
  readonly typeNames?: readonly (readonly string[])[] | undefined
  /** Consider only tables that match these patterns; null for all. */
  readonly only?: readonly string[] | null
}

/**
 * Selects the tables of a source and their columns. With `only`, errors of other tables, or of their settings, are
 * ignored.
 * @throws DwhError CONFIG_INVALID for settings with an unknown table, column or type
 */
export function selectTables(
  tables: readonly TableSchema[],
  settings: SelectionSettings,
  { typeNames, only = null }: SelectOptions = {},
): Selection {
  const asked = tables.filter((table) => only === null || only.some((pattern) => matchesTable(pattern, table)))
  if (only === null) checkNames(tables, settings)
  else checkSettingsOf(asked, only, tables, settings)
  const ofTypes = typeChoices(settings.types, typeNames)
  const selected: SelectedTable[] = []
  const skipped: SkippedTable[] = []
  for (const table of asked) {
    const own = settingsOf(table, settings)
    const reason = whyNot(table, own, settings)
    if (reason === null) selected.push(select(table, own ?? {}, settings, ofTypes))
    else skipped.push({ table: formatTableName(table), reason })
  }
  const notAsked = tables.flatMap((table) => {
    const own = settingsOf(table, settings)
    const wanted = !asked.includes(table) && whyNot(table, own, settings) === null
    return wanted ? [{ name: nameOf(table, own ?? {}), from: formatTableName(table) }] : []
  })
  const denied = selected.flatMap(deniedReads)
  // a table without columns has nothing to store
  const empty = selected.filter((s) => s.columns.length === 0)
  skipped.push(...empty.map((s) => ({ table: formatTableName(s.table), reason: 'it has no columns' })))
  return { selected: selected.filter((s) => s.columns.length > 0), skipped, denied, notAsked }
}

function deniedReads({ table, columns }: SelectedTable): DeniedRead[] {
  const name = formatTableName(table)
  if (table.denied) return [{ ...table.denied, table: name, column: null }]
  return columns.flatMap((column) => (column.denied ? [{ ...column.denied, table: name, column: column.name }] : []))
}

/**
 * Checks that every selected table and column may be read: only the user may decide to leave some out.
 * @throws DwhError SOURCE_DENIED if one may not be read
 */
export function checkDenied({ denied }: Selection): void {
  if (denied.length === 0) return
  const shown = denied.slice(0, 10)
  const texts = shown.map(
    ({ table, column, reason }) => `${table}: ${column === null ? '' : `column ${column}: `}${reason}`,
  )
  const more = denied.length > shown.length ? `, and ${denied.length - shown.length} more` : ''
  throw new DwhError('SOURCE_DENIED', `${texts.join('; ')}${more}`, {
    hint: [...new Set(shown.map(({ hint }) => hint))].join('\n'),
  })
}

function nameOf(table: TableSchema, { name }: TableSettings): string {
  return formatTableName(name === undefined ? table : parseTableName(name))
}

function settingsOf(table: TableSchema, { tables = {} }: SelectionSettings): TableSettings | undefined {
  const name = formatTableName(table)
  return Object.entries(tables).find(([key]) => formatTableName(parseTableName(key)) === name)?.[1]
}

function whyNot(table: TableSchema, own: TableSettings | undefined, settings: SelectionSettings): string | null {
  const { include = ['*'], exclude = [] } = settings
  if (own?.exclude) return 'excluded'
  const excluding = exclude.find((pattern) => matchesTable(pattern, table))
  if (excluding !== undefined) return `excluded by ${JSON.stringify(excluding)}`
  const including = include.filter((pattern) => matchesTable(pattern, table))
  if (including.length === 0) return 'not included'
  const named = own !== undefined || including.some(isExactPattern)
  return table.onlyWhenNamed && !named ? `${table.onlyWhenNamed}: read only if included by name` : null
}

/** Refuses names that match nothing: ignoring a mistake would give a smaller warehouse. */
function checkNames(tables: readonly TableSchema[], settings: SelectionSettings): void {
  const known = tables.map(formatTableName)
  for (const name of Object.keys(settings.tables ?? {})) {
    if (!known.includes(formatTableName(parseTableName(name))))
      throw unknownTable(`tables: ${JSON.stringify(name)}`, name, known)
  }
  for (const list of ['include', 'exclude'] as const) {
    for (const pattern of settings[list] ?? []) {
      const matches = tables.some((table) => matchesTable(pattern, table))
      // a pattern may match future tables; an exact name may not
      if (!matches && isExactPattern(pattern)) throw unknownTable(`${list}: ${JSON.stringify(pattern)}`, pattern, known)
    }
  }
}

/**
 * Refuses settings of an unknown table only if they may be meant for a requested table: without them, columns that
 * should be left out might be read.
 */
function checkSettingsOf(
  asked: readonly TableSchema[],
  only: readonly string[],
  tables: readonly TableSchema[],
  settings: SelectionSettings,
): void {
  const known = new Set(tables.map(formatTableName))
  const without = asked.filter((table) => settingsOf(table, settings) === undefined).map(formatTableName)
  for (const name of Object.keys(settings.tables ?? {})) {
    const table = parseTableName(name)
    if (known.has(formatTableName(table))) continue
    const meant = only.some((pattern) => matchesTable(pattern, table)) || slipOf(name, without)
    if (meant) throw unknownTable(`tables: ${JSON.stringify(name)}`, name, without)
  }
}

/**
 * True if a name is probably a typing error. A short name is near to every other, and `orders_2024` is not a typing
 * error of `orders_2025`.
 */
function slipOf(name: string, known: readonly string[]): boolean {
  const digits = (text: string) => text.replace(/\D/g, '')
  const near = nearest(
    name,
    known.filter((candidate) => digits(candidate) === digits(name)),
  )
  return near !== null && Math.min(near.length, name.length) >= LEAST_SLIP
}

const LEAST_SLIP = 5

/** The error for a table that the source does not have. */
export function unknownTable(where: string, name: string, known: readonly string[]): DwhError {
  const listed = known.length <= 10 ? ` Known tables: ${known.join(', ') || 'none'}.` : ''
  return new DwhError('CONFIG_INVALID', `${where}: the source has no such table`, {
    hint: `Write the name as \`dwh plan\` lists it.${didYouMean(name, known) || listed}`,
  })
}

function select(
  table: TableSchema,
  own: TableSettings,
  settings: SelectionSettings,
  ofTypes: ReadonlyMap<string, TypeChoice>,
): SelectedTable {
  const { columns = {}, where, verify, extract } = own
  const { exclude = [], rename = {}, types = {} } = columns
  const here = formatTableName(table)
  const known = table.columns.map((column) => column.name)
  for (const column of [...exclude, ...Object.keys(rename), ...Object.keys(types)]) {
    if (known.includes(column)) continue
    const hint = didYouMean(column, known).trim() || `Its columns are: ${known.slice(0, 30).join(', ')}.`
    throw new DwhError('CONFIG_INVALID', `tables: ${here}: no column ${JSON.stringify(column)}`, { hint })
  }
  const renamed = new Map(Object.entries(rename))
  const kept = table.columns
    .filter((column) => !exclude.includes(column.name))
    .map(
      (column): SelectedColumn => ({
        ...forReaders(chosen(column, here, types, ofTypes), own.readers ?? settings.readers ?? [], here),
        as: renamed.get(column.name) ?? column.name,
      }),
    )
  if (kept.length === 0 && table.columns.length > 0) {
    throw new DwhError('CONFIG_INVALID', `tables: ${here}: columns.exclude leaves no column`, {
      hint: 'To leave the table out, write exclude: true.',
    })
  }
  const key = (table.primaryKey ?? []).map((column) => kept.find((k) => k.name === column)?.as)
  return {
    name: nameOf(table, own),
    table: { ...table, columns: kept.map(({ as: _, ...column }) => column) },
    columns: kept,
    primaryKey: key.every((column) => column !== undefined) ? key : [],
    where: where ?? null,
    extract: extract ?? settings.extract ?? 'auto',
    complete: own.complete ?? settings.complete ?? 'daily',
    verify: table.outsideInstant ? 'counts' : (verify ?? settings.verify ?? 'columns'),
  }
}
