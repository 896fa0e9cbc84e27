import {
  DAYS_PREFIX,
  type Day,
  type DayManifest,
  DwhError,
  type EtlState,
  type FileEntry,
  INDEX_PREFIX,
  type Month,
  manifestKey,
  monthOf,
  type ObjectStore,
  type OlderState,
  PARTS_PREFIX,
  parseTableName,
  partKey,
  type RetiredGroup,
  SNAPSHOTS_PREFIX,
  STATE_KEY,
  stageKey,
  type TableEntry,
} from '@dwh/core'
import { FORMAT_VERSION } from './old-formats.ts'
import { type DayFiles, putManifest, putMonths } from './put-lists.ts'
import { listDays, readManifest } from './read-days.ts'
import { EMPTY_STATE, readState, type StoredState } from './read-state.ts'
import { isUnreadable } from './unreadable.ts'
import { untilWritten, writeState } from './write-state.ts'

/** Called for a day of an earlier version whose manifest cannot be read, and which is left out. */
export type OnUnreadable = (day: Day, error: DwhError) => void

/**
 * Reads `etl.json` as the base of a run: makes it where the storage is empty, and takes over a warehouse of an earlier
 * version. `newId` returns an id, as of a run, for the keys of what it stores for that; never that of the run itself.
 * Without `onUnreadable`, a day whose manifest cannot be read is an error.
 * @throws DwhError STATE_INVALID where `etl.json` is missing although there are manifests or files; DAMAGED,
 * STATE_INVALID for a day that cannot be read; and the store's errors
 */
export async function readBase(
  store: ObjectStore,
  newId: () => string,
  onUnreadable?: OnUnreadable,
): Promise<StoredState> {
  return untilWritten(async () => {
    const found = await readState(store)
    if (found.etag === null) return makeState(store, found, newId)
    return found.state.older ? takeOver(store, found, found.state.older, { runId: newId(), onUnreadable }) : found
  })
}

async function makeState(store: ObjectStore, found: StoredState, newId: () => string): Promise<StoredState> {
  for (const prefix of [PARTS_PREFIX, DAYS_PREFIX, INDEX_PREFIX, SNAPSHOTS_PREFIX])
    for await (const { key } of store.list(prefix)) {
      // another run may have made it just now, and stored this
      const now = await readState(store)
      if (now.etag !== null) return readBase(store, newId)
      throw new DwhError('STATE_INVALID', `${STATE_KEY}: missing, although there is ${key}`, {
        hint: 'Run `dwh repair` to rebuild it.',
      })
    }
  return writeState(store, found, EMPTY_STATE)
}

/**
 * Takes over a warehouse of version 3 or before, in one conditional write: its manifests get keys of their own and an
 * index for each month. Its files stay where they are. Those of a run that had committed, and was not in place yet,
 * are copied to keys of their own. What it had retained or pruned is removed at the time that it had noted.
 */
async function takeOver(
  store: ObjectStore,
  base: StoredState,
  older: OlderState,
  { runId, onUnreadable }: { readonly runId: string; readonly onUnreadable: OnUnreadable | undefined },
): Promise<StoredState> {
  const { older: _, ...state } = base.state
  const pruned = new Set(older.pruned.filter(({ keys }) => keys.length > 0).map(({ date }) => date))
  const days = await listDays(store, base.state)
  const withCopies = copyStaged(store, older, runId)
  const months = new Map<Month, Map<Day, DayFiles>>()
  const known = new Set(state.former_tables)
  for (const day of days) {
    const manifest = await readManifest(store, base.state, day).catch((error) => {
      if (!onUnreadable || !isUnreadable(error)) throw error
      onUnreadable(day, error)
      return null
    })
    for (const name of Object.keys(manifest?.tables ?? {})) known.add(name)
    if (!manifest || pruned.has(day)) continue
    const list: DayManifest = { ...manifest, version: FORMAT_VERSION, tables: await withCopies(manifest.tables) }
    const month = months.get(monthOf(day)) ?? new Map<Day, DayFiles>()
    months.set(monthOf(day), month.set(day, await putManifest(store, runId, list)))
  }
  const tables = await withCopies(state.tables)
  const root = [...months.keys()].sort().at(-1)
  const named =
    root === undefined
      ? {}
      : await putMonths(store, base.state, {
          runId,
          months,
          root,
          tables,
          sources: state.sources,
        })
  const { publishing } = older
  // earlier versions did not note them from the start, and their plain files must be found
  const former = [...known].filter((name) => !Object.hasOwn(tables, name)).sort()
  return writeState(store, base, {
    ...state,
    ...(former.length === 0 ? {} : { former_tables: former }),
    version: FORMAT_VERSION,
    fencing_token: state.fencing_token + 1,
    months: named,
    tables,
    copies_pending: publishing ? [publishing.date] : [],
    retired: [...retiredBefore(older, runId), { run_id: runId, until: null, days: [], keys: days.map(manifestKey) }],
  })
}

/** Returns a function that gives entries whose files are still staged the keys of copies. */
function copyStaged(store: ObjectStore, { publishing }: OlderState, runId: string) {
  const copied = new Map<string, Promise<string>>()
  const copy = async ({ key, bytes, sha256 }: FileEntry, to: string): Promise<string> => {
    const staged = publishing && (await store.copy(stageKey(publishing.run_id, key), to))
    // moved meanwhile
    const made = staged ?? (await store.copy(key, to))
    if (made?.size === bytes && (made.sha256 === null || made.sha256 === sha256)) return to
    const what = made ? 'not the bytes that were written' : 'missing'
    throw new DwhError('DAMAGED', `${key}: ${what}`, { hint: 'Run `dwh repair`.', context: { key } })
  }
  return async (tables: EtlState['tables']): Promise<EtlState['tables']> => {
    const entries = Object.entries(tables).map(async ([name, entry]): Promise<[string, TableEntry]> => {
      const files = entry.files.map(async (file) => {
        if (!publishing?.keys.includes(file.key) || entry.run_id !== publishing.run_id) return file
        const to = partKey(parseTableName(name), entry.date, runId)
        if (!copied.has(to)) copied.set(to, copy(file, to))
        return { ...file, key: (await copied.get(to)) as string }
      })
      return [name, { ...entry, files: await Promise.all(files) }]
    })
    return Object.fromEntries(await Promise.all(entries))
  }
}

function retiredBefore({ retained, pruned, publishing }: OlderState, runId: string): RetiredGroup[] {
  const at = new Map<string, { days: Day[]; keys: string[] }>()
  const group = (until: string) => {
    const found = at.get(until) ?? { days: [], keys: [] }
    at.set(until, found)
    return found
  }
  for (const { retained_as, until } of retained) group(until).keys.push(retained_as)
  for (const { date, keys, until } of pruned) {
    group(until).days.push(date)
    group(until).keys.push(...keys)
  }
  const groups = [...at].map(([until, { days, keys }]) => ({ run_id: runId, until, days, keys }))
  if (!publishing) return groups
  // a reader of before finds its objects staged, or moved already
  const keys = [...publishing.keys.map((key) => stageKey(publishing.run_id, key)), ...publishing.keys]
  return [...groups, { run_id: runId, until: null, days: [publishing.date], keys }]
}
