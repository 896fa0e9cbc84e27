import { createHash } from 'node:crypto'
import {
  DAYS_PREFIX,
  type Day,
  type DayManifest,
  type EtlState,
  formatRunId,
  INDEX_PREFIX,
  type MonthIndex,
  manifestKey,
  monthIndexKey,
  type ObjectRef,
  type ObjectStore,
  PARTS_PREFIX,
  STATE_KEY,
} from '@dwh/core'
import {
  clean,
  type DayFiles,
  putMonths,
  readBase,
  readManifestAt,
  refreshCopies,
  serialise,
  withDays,
  writeState,
} from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import { checkCopies } from './check-copies.ts'
import { type ObjectFiles, objectFiles } from './object-files.ts'
import { readWarehouse, type WarehouseView } from './read-warehouse.ts'
import { findRoot, type RebuildOptions, type RebuiltLists, rebuildLists } from './rebuild-lists.ts'
import { rebuildState } from './rebuild-state.ts'
import { repairOlder } from './repair-older.ts'
import type { RepairReport } from './repair-report.ts'
import { type MaintenanceOptions, RUN_ID_BYTES, withLease } from './with-lease.ts'

export interface RepairOptions extends MaintenanceOptions {
  readonly writer: Pick<ParquetWriter, 'inspect'>
  /** The folder for downloaded objects of a bucket. */
  readonly tempDirectory: string
}

/**
 * Repairs a warehouse: makes missing plain copies, removes orphans, and rebuilds `etl.json`, indexes and manifests that
 * are missing or cannot be read, from each other and from the Parquet files. Never changes a file that is written once:
 * what is rebuilt gets keys of its own. Missing or damaged Parquet files stay so; `verifyWarehouse` reports them.
 * @throws DwhError CONFLICT while a run is in progress, the store's errors, ABORTED
 */
export async function repairWarehouse(options: RepairOptions): Promise<RepairReport> {
  return withLease(options, (store, raiseToken) => repair(store, raiseToken, options))
}

async function repair(store: ObjectStore, raiseToken: boolean, options: RepairOptions): Promise<RepairReport> {
  const { clock, writer, random } = options
  const newId = () => formatRunId(clock(), random(RUN_ID_BYTES))
  const files = objectFiles(store, options)
  try {
    let view = await readWarehouse(store)
    const finished = interruptedRun(view)
    let older: Pick<RepairReport, 'days' | 'state' | 'left'> = { days: [], state: false, left: [] }
    if (isOlder(view)) {
      older = await repairOlder(store, view, files, writer, clock())
      const unreadable: { key: string; why: string }[] = []
      await readBase(store, newId, (day, { message }) => unreadable.push({ key: manifestKey(day), why: message }))
      older = { ...older, left: [...older.left, ...unreadable] }
      view = await readWarehouse(store)
    }
    const rebuilt = await rebuild(view, { store, runId: newId(), files, writer }, clock())
    view = await readWarehouse(store)
    const copies = await markCopies(store, view, files, rebuilt.partly)
    await refreshCopies(store, options)
    const { orphans } = await clean(store, { now: clock(), raiseToken, whole: true })
    await refreshCopies(store, options)
    return {
      finished,
      removed: orphans,
      days: [...new Set([...older.days, ...rebuilt.days])].sort(),
      state: older.state || rebuilt.state,
      copies,
      left: [...older.left, ...rebuilt.left],
    }
  } finally {
    await files.close()
  }
}

/** The run that was committed, and whose plain copies may be missing. */
function interruptedRun({ state }: WarehouseView): string | null {
  const publishing = state?.older?.publishing
  return publishing?.run_id ?? state?.retired.filter(({ until }) => until === null).at(-1)?.run_id ?? null
}

/** Whether the warehouse is of version 3 or before, by its `etl.json` or, without one, by its objects. */
function isOlder({ state, objects }: WarehouseView): boolean {
  if (state) return state.older !== undefined
  const keys = [...objects.keys()]
  return keys.some((key) => key.endsWith('.parquet')) && !keys.some((key) => isOurs(key))
}

const isOurs = (key: string): boolean => [PARTS_PREFIX, DAYS_PREFIX, INDEX_PREFIX].some((at) => key.startsWith(at))

/** Rebuilds manifests, indexes and `etl.json`, and commits them in one write, if any of them is missing or damaged. */
async function rebuild(
  view: WarehouseView,
  options: RebuildOptions,
  now: Date,
): Promise<Pick<RepairReport, 'days' | 'state' | 'left'> & { readonly partly: ReadonlySet<Day> }> {
  const { store, runId } = options
  const root = view.state ? null : await findRoot(store, view)
  const named = view.state?.months ?? (root ? await monthsOf(store, root) : {})
  const lists = await rebuildLists(view, named, options)
  const isLost = view.state === null && (lists.months.size > 0 || view.unreadable.has(STATE_KEY))
  if (isLost || lists.changed.size > 0) await commit(view, { named, root }, options, now)
  const partly = new Set([...lists.made.keys()].filter((day) => !lists.whole.has(day)))
  return { days: [...lists.made.keys()].sort(), state: isLost, left: lists.left, partly }

  async function commit(
    { state, etag, objects }: WarehouseView,
    found: { readonly named: EtlState['months']; readonly root: MonthIndex | null },
    { store, files, writer }: RebuildOptions,
    now: Date,
  ): Promise<void> {
    const base = state ?? (await rebuildState(await readAll(store, lists), found.root?.root, files, writer, now))
    // the newest month tells of all others, also of those that are intact
    const place = [...lists.months]
      .flatMap(([month, days]) => (days.size > 0 ? [month] : []))
      .sort()
      .at(-1)
    const changed = new Set([...lists.changed, ...(place === undefined ? [] : [place])])
    const months = new Map([...changed].map((month) => [month, lists.months.get(month) ?? new Map()]))
    const next =
      place === undefined
        ? {}
        : await putMonths(
            store,
            { ...base, months: found.named },
            { runId, months, root: place, tables: base.tables, sources: base.sources },
          )
    const reached = new Set([
      ...Object.values(next).map(({ key }) => key),
      ...[...lists.months.values()].flatMap((days) => [...days.values()].flatMap(keysOfDay)),
      ...Object.values(base.tables).flatMap(({ files }) => files.map(({ key }) => key)),
      ...base.retired.flatMap(({ keys }) => keys),
    ])
    // what is not named any more stays for its retention time
    const before = [...objects.keys()].filter((key) => isOurs(key) && !reached.has(key))
    const there = etag === null ? await store.head(STATE_KEY) : null
    await writeState(
      store,
      { state: base, etag: etag ?? there?.etag ?? null },
      {
        ...base,
        fencing_token: base.fencing_token + 1,
        months: next,
        copies_pending: withDays(base.copies_pending, [...lists.whole]),
        retired: [...base.retired, { run_id: runId, until: null, days: [], keys: before }],
      },
    )
  }
}

const keysOfDay = ({ manifest, tables }: DayFiles): string[] => [
  manifest.key,
  ...[...tables.values()].flat().map(({ key }) => key),
]

/** The indexes that a root tells of, with its own. */
async function monthsOf(store: ObjectStore, index: MonthIndex): Promise<EtlState['months']> {
  const key = monthIndexKey(index.month, index.run_id)
  const body = serialise(index)
  const sha256 = createHash('sha256')
    .update((await store.get(key))?.body ?? body)
    .digest('hex')
  const own: ObjectRef = { key, bytes: body.length, sha256 }
  return { ...index.root?.others, [index.month]: own }
}

/** Reads the manifests of all days. */
async function readAll(store: ObjectStore, { months }: RebuiltLists): Promise<Map<Day, DayManifest>> {
  const manifests = new Map<Day, DayManifest>()
  for (const days of months.values())
    for (const [day, { manifest: ref }] of days) {
      const manifest = await readManifestAt(store, ref)
      if (manifest) manifests.set(day, manifest)
    }
  return manifests
}

/**
 * Notes the days with a plain copy that is missing or wrong; returns the copies. Not those of days of which a file is
 * lost: its plain copy may be all that is left.
 */
async function markCopies(
  store: ObjectStore,
  view: WarehouseView,
  files: ObjectFiles,
  partly: ReadonlySet<Day>,
): Promise<string[]> {
  const wrong = (await checkCopies(view, store, files, () => true)).filter(({ date }) => !partly.has(date))
  const { state, etag } = view
  if (wrong.length === 0 || !state) return []
  const days = wrong.map(({ date }) => date)
  await writeState(store, { state, etag }, { ...state, copies_pending: withDays(state.copies_pending, days) })
  return wrong.map(({ path }) => path).sort()
}
