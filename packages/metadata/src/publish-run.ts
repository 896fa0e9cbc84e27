import { isDeepStrictEqual } from 'node:util'
import {
  type Day,
  type DayManifest,
  DwhError,
  type EtlState,
  isDwhError,
  type MonthIndex,
  monthOf,
  type ObjectInfo,
  type ObjectStore,
  own,
  STATE_KEY,
  type TableEntry,
} from '@dwh/core'
import { nextState, nextTables } from './next-state.ts'
import { FORMAT_VERSION } from './old-formats.ts'
import { monthEndDays } from './plain-copies.ts'
import type { Lists, Publication } from './publication.ts'
import { daysOf, putManifest, putMonths } from './put-lists.ts'
import { readManifest, readMonth } from './read-days.ts'
import { readState, type StoredState } from './read-state.ts'
import { type RefreshOptions, refreshCopies } from './refresh-copies.ts'
import { isSameVersion } from './same-version.ts'
import { isOvertaken, writeState } from './write-state.ts'

/** Attempts at the commit while the store does not answer. */
const COMMIT_ATTEMPTS = 5

/** More notes in `etl.json` than others can write during one commit. */
const MOST_NOTES = 100

/**
 * Stores a verified file under a key that is written once; the local file is gone afterwards. No manifest names it yet.
 */
export function putPart(store: ObjectStore, key: string, path: string, signal?: AbortSignal): Promise<ObjectInfo> {
  return store.putFile(key, path, { move: true, signal })
}

export interface PublishOptions extends Publication, RefreshOptions {
  /** Called after the commit, before plain copies are made. Its failure does not undo the commit. */
  readonly onCommit?: (() => Promise<void>) | undefined
}

/**
 * Publishes a run, all or nothing: from the manifest of the day to the plain copies (README, "How a run is published").
 * A process that dies before the commit has changed nothing that a reader can see. After the
 * commit only plain copies are missing, which the next run makes.
 * @throws DwhError CONFLICT when another run committed since `base` was read: nothing was published. Any other store
 * error also means that nothing was committed, unless `context.uncertain` says that the answer to the commit was lost
 */
export async function publishRun(store: ObjectStore, base: StoredState, options: PublishOptions): Promise<Published> {
  if (base.state.older)
    throw new DwhError('STATE_INVALID', `${STATE_KEY}: of an earlier format version`, {
      hint: 'Read the base of a run by readBase, which takes the warehouse over.',
    })
  const lists = await putLists(store, base.state, options)
  const state = await commit(store, base, options, lists)
  let unfinished: unknown = null
  for (const step of [options.onCommit, () => refreshCopies(store, options)])
    await step?.().catch((error) => {
      unfinished ??= error
    })
  return { state, unfinished }
}

export interface Published {
  /** The committed state. */
  readonly state: EtlState
  /** Why not all is done that follows the commit; null when it is. The run is published anyway. */
  readonly unfinished: unknown
}

/**
 * Stores the manifest of the day and the index of its month: both are those of `base`, with the tables of the run. If
 * they would say the same as those of `base`, these stay.
 */
async function putLists(store: ObjectStore, base: EtlState, publication: Publication): Promise<Lists> {
  const { runId, date } = publication
  const month = monthOf(date)
  const index = await readMonth(store, base, month)
  const previous = await readManifest(store, base, date, { months: new Map(index ? [[month, index]] : []) })
  const list = nextManifest(publication, previous)
  if (previous && saysTheSame(base, publication, previous))
    return { months: base.months, pending: [], retired: { run_id: runId, until: null, days: [], keys: [] } }
  const day = await putManifest(store, runId, list)
  const days = daysOf(index)
  const before = days.get(date)
  days.set(date, day)
  const tables = nextTables(base, publication)
  const months = await putMonths(store, base, {
    runId,
    months: new Map([[month, days]]),
    root: month,
    tables,
    sources: { ...base.sources, ...publication.sources },
  })
  const replaced = [
    base.months[month]?.key,
    before?.manifest.key,
    ...keysOf(previous?.tables ?? {}),
    ...keysOf(base.tables),
  ]
  const named = new Set([months[month]?.key, day.manifest.key, ...keysOf(list.tables), ...keysOf(tables)])
  const keys = [...new Set(replaced)].filter((key) => key !== undefined).filter((key) => !named.has(key))
  const pending = [date, ...(await earlierMonthEnds(store, base, date, index))]
  return { months, pending, retired: { run_id: runId, until: null, days: pending, keys } }
}

/** Days whose copies are others now that `date` follows them, in their month or as the first of the next. */
async function earlierMonthEnds(
  store: ObjectStore,
  base: EtlState,
  date: Day,
  index: MonthIndex | null,
): Promise<Day[]> {
  const month = monthOf(date)
  if (index) return monthEndDays(Object.entries(index.days))
  const before = Object.keys(base.months).filter((other) => other < month)
  const last = await readMonth(store, base, before.sort().at(-1) ?? '')
  return monthEndDays(Object.entries(last?.days ?? {}))
}

/** Whether a run publishes nothing that the lists of `base` do not say already. */
function saysTheSame(base: EtlState, publication: Publication, { tables: listed }: DayManifest): boolean {
  const { tables, sources } = publication
  const current = nextTables(base, publication)
  const isCurrent = ([name, { date }]: [string, TableEntry]) => own(base.tables, name)?.date === date
  const isListed = ([name, entry]: [string, TableEntry]) => {
    const found = own(listed, name)
    return found !== undefined && isSameVersion(entry, found)
  }
  return (
    Object.keys(current).length === Object.keys(base.tables).length &&
    Object.entries(current).every(isCurrent) &&
    Object.entries(tables).every(isListed) &&
    Object.entries(sources).every(([name, source]) => isDeepStrictEqual(source, own(base.sources, name)))
  )
}

function keysOf(tables: Readonly<Record<string, TableEntry>>): string[] {
  return Object.values(tables).flatMap(({ files }) => files.map(({ key }) => key))
}

/**
 * The commit. A state with the same token is no conflict: a failed run noted its failure, or plain copies were made.
 * After a lost answer it repeats the same write: if the first one arrived, however late, the second one conflicts and
 * finds the run's own id in `etl.json`.
 */
async function commit(
  store: ObjectStore,
  base: StoredState,
  publication: PublishOptions,
  lists: Lists,
): Promise<EtlState> {
  let current = base
  // after the first lost answer this run may be published, whatever later attempts are told
  let perhaps = false
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await writeState(store, current, nextState(current.state, publication, lists))).state
    } catch (error) {
      perhaps ||= !isCertain(error)
      const now = await readState(store).catch(() => null)
      if (now?.state.run_id === publication.runId) return now.state
      // another run has replaced what it committed
      if (now?.state.retired.some(({ run_id }) => run_id === publication.runId))
        return nextState(current.state, publication, lists)
      if (now && now.etag !== current.etag) {
        if (now.state.fencing_token !== base.state.fencing_token || now.etag === null)
          throw perhaps ? uncertain(publication, error) : lost(publication, base.state, now.state, error)
        if (attempt >= MOST_NOTES) throw perhaps ? uncertain(publication, error) : error
        current = now
      } else if (isCertain(error) && !isOvertaken(error)) {
        throw perhaps ? uncertain(publication, error) : error
      } else if (attempt >= COMMIT_ATTEMPTS) {
        throw perhaps ? uncertain(publication, error) : error
      }
    }
  }
}

/** Whether the store's answer means that this write was certainly not done. */
function isCertain(error: unknown): boolean {
  const codes = ['CONFLICT', 'STORE_DENIED', 'STORE_FULL', 'CONFIG_INVALID']
  return isDwhError(error) && codes.includes(error.code) && error.context.uncertain !== true
}

function lost({ runId }: Publication, base: EtlState, winner: EtlState, cause: unknown): DwhError {
  const by = winner.run_id === null ? '' : ` (${winner.run_id})`
  const isSameRun = winner.run_id === base.run_id
  const why = isSameRun ? 'old objects were removed while it ran' : `another run committed first${by}`
  return new DwhError('CONFLICT', `run ${runId}: ${why}`, {
    cause,
    hint: 'This run published nothing. Run again; if two schedules share this warehouse, let only one of them run.',
  })
}

function uncertain(publication: Publication, cause: unknown): DwhError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new DwhError('STORE_FAILED', `run ${publication.runId}: unknown whether its commit succeeded: ${why}`, {
    cause,
    hint: 'The run is published completely or not at all. Run `dwh status` once the storage answers. The next run finishes the rest.',
    context: { uncertain: true },
  })
}

/** The manifest of the day after the commit: a run of some tables adds to it, a re-run replaces its own tables. */
function nextManifest({ runId, date, tables }: Publication, previous: DayManifest | null): DayManifest {
  // only the current version of a table is compared with its source
  const listed = Object.entries(tables).map(([name, { detection: _, ...entry }]) => [name, entry] as const)
  const all = { ...previous?.tables, ...Object.fromEntries(listed) }
  return { ...previous, version: FORMAT_VERSION, date, run_id: runId, tables: all }
}
