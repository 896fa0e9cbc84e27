import {
  type Day,
  DwhError,
  type EtlState,
  type FileEntry,
  formatRunId,
  type Month,
  monthOf,
  type ObjectStore,
} from '@dwh/core'
import {
  clean,
  daysOf,
  filesOfDay,
  listDays,
  type MonthDays,
  monthEndDays,
  putMonths,
  readBase,
  readManifest,
  readMonth,
  readMonths,
  readState,
  refreshCopies,
  type StoredState,
  untilWritten,
  withDays,
  writeState,
} from '@dwh/metadata'
import { type KeepRule, keepDays, type Retention } from './keep-days.ts'
import { type MaintenanceOptions, RUN_ID_BYTES, withLease } from './with-lease.ts'

export interface PruneOptions extends MaintenanceOptions {
  readonly keep: Retention
  /** False: only returns the plan. */
  readonly remove: boolean
}

/** A day that was or would be removed, with the files that no remaining day uses. */
export interface PruneDay {
  readonly date: Day
  readonly files: number
  readonly bytes: number
}

/** A day that stays, and why. */
export interface KeptDay {
  readonly date: Day
  readonly rules: readonly KeepRule[]
}

/** All days in the order of their dates. */
export interface PruneReport {
  /** The days that were removed; empty without `remove`. */
  readonly removed: readonly PruneDay[]
  /** Without `remove`: the days that it would remove; otherwise empty. */
  readonly wouldRemove: readonly PruneDay[]
  readonly kept: readonly KeptDay[]
}

/**
 * Prunes a warehouse: old days leave the indexes of their months, with one conditional write of `etl.json`. Their files
 * stay for the readers that still use them, and are removed by the first run after their retention time. Keeps the days
 * of the retention, and every day as of which a table is current.
 * @throws DwhError CONFIG_INVALID for a retention that keeps nothing, STATE_INVALID, DAMAGED where an index cannot be
 * read, CONFLICT while a run is in progress
 */
export async function pruneWarehouse(options: PruneOptions): Promise<PruneReport> {
  const { keep, remove } = options
  if (!Object.values(keep).some((count) => count !== undefined && count > 0))
    throw new DwhError('CONFIG_INVALID', 'prune: nothing says which days to keep', {
      hint: 'Give at least one of --keep-daily, --keep-weekly, --keep-monthly, --keep-yearly, or keep: in dwh.yaml.',
    })
  if (!remove) {
    const { state } = await readState(options.store)
    const { days, kept } = await planPrune(options.store, keep, state)
    return { removed: [], wouldRemove: days, kept }
  }
  return withLease(options, (store, raiseToken) => prune(store, raiseToken, options))
}

async function prune(store: ObjectStore, raiseToken: boolean, options: PruneOptions): Promise<PruneReport> {
  const { keep, clock, random } = options
  const newId = () => formatRunId(clock(), random(RUN_ID_BYTES))
  await readBase(store, newId)
  await refreshCopies(store, options)
  await clean(store, { now: clock(), raiseToken, whole: true })
  const { days, kept } = await untilWritten(async () => {
    const base = await readState(store)
    const plan = await planPrune(store, keep, base.state)
    if (plan.days.length > 0) await removeDays(store, base, newId(), plan)
    return plan
  })
  await refreshCopies(store, options)
  return { removed: days, wouldRemove: [], kept }
}

/** Writes the indexes without the days that go, and commits them. */
async function removeDays(store: ObjectStore, base: StoredState, runId: string, plan: PrunePlan): Promise<void> {
  const { state } = base
  const going = plan.days.map(({ date }) => date)
  const root = Object.keys(state.months).sort().at(-1) ?? ''
  const months = new Map<Month, MonthDays>()
  const replaced: string[] = []
  const pending = [...going]
  for (const month of new Set([...going.map(monthOf), root])) {
    const days = daysOf(await readMonth(store, state, month))
    for (const day of going) {
      const gone = days.get(day)
      if (gone) replaced.push(gone.manifest.key, ...[...gone.tables.values()].flat().map(({ key }) => key))
      days.delete(day)
    }
    pending.push(...monthEndDays(days))
    replaced.push(state.months[month]?.key ?? '')
    months.set(month, days)
  }
  const named = await putMonths(store, state, { runId, months, root, tables: state.tables, sources: state.sources })
  const keys = [...new Set(replaced)].filter((key) => key !== '' && !plan.named.has(key))
  await writeState(store, base, {
    ...state,
    fencing_token: state.fencing_token + 1,
    months: named,
    copies_pending: withDays(state.copies_pending, pending),
    retired: [...state.retired, { run_id: runId, until: null, days: withDays([], pending), keys }],
  })
}

interface PrunePlan {
  /** The days to remove. */
  readonly days: readonly PruneDay[]
  readonly kept: readonly KeptDay[]
  /** The keys of the files that stay. */
  readonly named: ReadonlySet<string>
}

async function planPrune(store: ObjectStore, keep: Retention, state: EtlState): Promise<PrunePlan> {
  const filesOf = await filesByDay(store, state)
  const days = [...filesOf.keys()].sort()
  const rules = keepDays(days, keep)
  for (const date of new Set(Object.values(state.tables).map(({ date }) => date)))
    rules.set(date, [...(rules.get(date) ?? []), 'current'])
  const staying = days.filter((day) => rules.has(day))
  const current = Object.values(state.tables).flatMap(({ files }) => files)
  const named = new Set([...staying.flatMap((day) => filesOf.get(day) ?? []), ...current].map(({ key }) => key))
  // a file of several days is counted with the first that goes
  const counted = new Set(named)
  const going = days
    .filter((day) => !rules.has(day))
    .map((date) => {
      const files = (filesOf.get(date) ?? []).filter(({ key }) => !counted.has(key))
      for (const { key } of files) counted.add(key)
      return { date, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) }
    })
  return { days: going, kept: staying.map((date) => ({ date, rules: rules.get(date) ?? [] })), named }
}

/** Reads the files of each day: from the indexes or, up to version 3, from the lists. */
async function filesByDay(store: ObjectStore, state: EtlState): Promise<Map<Day, FileEntry[]>> {
  const filesOf = new Map<Day, FileEntry[]>()
  if (state.older) {
    for (const day of await listDays(store, state)) {
      const manifest = await readManifest(store, state, day)
      if (manifest)
        filesOf.set(
          day,
          Object.values(manifest.tables).flatMap(({ files }) => files),
        )
    }
    return filesOf
  }
  for (const index of (await readMonths(store, state)).values())
    for (const day of Object.keys(index.days)) filesOf.set(day, [...(filesOfDay(index, day)?.values() ?? [])].flat())
  return filesOf
}
