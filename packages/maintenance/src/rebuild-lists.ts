import { createHash } from 'node:crypto'
import {
  type Day,
  type DayManifest,
  dayManifestDay,
  type EtlState,
  type FileEntry,
  INDEX_PREFIX,
  type Month,
  type MonthIndex,
  monthOf,
  type ObjectStore,
  parseTableName,
  plainCopyKey,
  RUNS_PREFIX,
  type RunRecord,
  recordsKey,
  runRecordKey,
  tableFileDay,
  tableFileKey,
  writtenBy,
} from '@dwh/core'
import {
  type DayFiles,
  dayFiles,
  daysOf,
  isUnreadable,
  parseManifest,
  parseMonthIndex,
  putManifest,
  readManifestAt,
  readMonth,
  readRecords,
} from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { objectFiles } from './object-files.ts'
import type { WarehouseView } from './read-warehouse.ts'
import { rebuildDay, withProofs } from './rebuild-day.ts'
import type { RepairReport } from './repair-report.ts'

/** The days of a warehouse after its repair: their manifests are stored, the indexes of the months are not yet. */
export interface RebuiltLists {
  /** Every month. */
  readonly months: ReadonlyMap<Month, ReadonlyMap<Day, DayFiles>>
  /** The months whose index is missing, or must be written again. */
  readonly changed: ReadonlySet<Month>
  /** The manifests that were rebuilt. */
  readonly made: ReadonlyMap<Day, DayManifest>
  /** Those of them that have all their tables. */
  readonly whole: ReadonlySet<Day>
  readonly left: RepairReport['left']
}

export interface RebuildOptions {
  readonly store: ObjectStore
  readonly runId: string
  readonly files: ReturnType<typeof objectFiles>
  readonly writer: Pick<ParquetWriter, 'inspect'>
}

/**
 * Rebuilds what is missing or cannot be read: the index of a month from its manifests, a manifest from its index and
 * the footers of the files. Stores rebuilt manifests under keys of this run.
 */
export async function rebuildLists(
  view: WarehouseView,
  named: EtlState['months'],
  { store, runId, files, writer }: RebuildOptions,
): Promise<RebuiltLists> {
  const months = new Map<Month, Map<Day, DayFiles>>()
  const changed = new Set<Month>()
  const made = new Map<Day, DayManifest>()
  const whole = new Set<Day>()
  const left: { key: string; why: string }[] = []
  const rebuild = async (day: Day, keys: readonly string[]): Promise<DayFiles | null> => {
    const rebuilt = await rebuildDay(day, keys, files, writer)
    left.push(...rebuilt.left)
    if (!rebuilt.manifest) return null
    const list = withProofs(rebuilt.manifest, view.state?.tables ?? {})
    made.set(day, list)
    if (rebuilt.left.length === 0) whole.add(day)
    return putManifest(store, runId, list)
  }
  // without `etl.json` no month is left out of which there is anything
  for (const month of new Set([...Object.keys(named), ...(view.state ? [] : monthsFromKeys(view))])) {
    const index = await readable(readMonth(store, { months: named }, month))
    const days = index ? daysOf(index) : await daysFromLists(store, view, month)
    months.set(month, days)
    if (index) continue
    changed.add(month)
    for (const [day, keys] of await filesFromKeys(store, view, month)) {
      const found = days.has(day) ? null : await rebuild(day, keys)
      if (found) days.set(day, found)
    }
  }
  for (const [month, days] of months)
    for (const [day, { manifest, tables }] of days) {
      if (await readable(readManifestAt(store, manifest))) continue
      changed.add(month)
      const named = [...tables].flatMap(([name, of]) => of.map((file) => placeOf(file, name, day, files)))
      const found = await rebuild(day, await Promise.all(named))
      // a manifest that cannot be rebuilt stays named: its files may come back from a backup
      if (found) days.set(day, found)
    }
  return { months, changed, made, whole, left }
}

/** Returns the key of a file or, if only its plain copy still has the bytes, that of the copy. */
async function placeOf(
  { key, sha256 }: FileEntry,
  table: string,
  day: Day,
  files: RebuildOptions['files'],
): Promise<string> {
  const hashAt = (at: string) => readable(files.read(at, (seen) => seen.sha256))
  if ((await hashAt(key)) === sha256) return key
  const plain = tableFileKey(parseTableName(table), day)
  return (await hashAt(plain)) === sha256 ? plain : key
}

async function readable<T>(answer: Promise<T | null>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return null
  }
}

/** Takes the last committed manifest of each day of a month, among those that are not known to be replaced. */
async function daysFromLists(store: ObjectStore, view: WarehouseView, month: Month): Promise<Map<Day, DayFiles>> {
  const replaced = new Set(view.state?.retired.flatMap(({ keys }) => keys))
  const isOfMonth = (key: string) => monthOf(dayManifestDay(key) ?? '') === month
  const keys = [...view.objects.keys()].filter((key) => isOfMonth(key) && !replaced.has(key))
  const days = new Map<Day, DayFiles>()
  for (const key of await byCommit(store, view, keys)) {
    const object = await store.get(key)
    const list = object && (await readable(Promise.resolve(object.body).then((body) => parseManifest(key, body))))
    if (!object || !list) continue
    const sha256 = createHash('sha256').update(object.body).digest('hex')
    days.set(list.date, dayFiles({ key, bytes: object.body.length, sha256 }, list))
  }
  return days
}

/**
 * Finds what the last commit made current, where `etl.json` is lost: the index with the highest token of a run that has
 * a record of its success, otherwise of any run. Ids of runs are in the order of their starts, not of their commits.
 */
export async function findRoot(store: ObjectStore, view: WarehouseView): Promise<MonthIndex | null> {
  const keys = [...view.objects.keys()].filter((key) => key.startsWith(INDEX_PREFIX))
  const found: { readonly index: MonthIndex; readonly rank: string }[] = []
  for (const key of keys) {
    const object = await store.get(key)
    const index = object && (await readable(Promise.resolve(object.body).then((body) => parseMonthIndex(key, body))))
    if (!index?.root) continue
    const token = String(index.fencing_token).padStart(16, '0')
    found.push({ index, rank: `${await isRecorded(store, view, index.run_id)} ${token} ${index.run_id}` })
  }
  return found.sort((a, b) => (a.rank < b.rank ? 1 : -1))[0]?.index ?? null
}

/** The months of which there are manifests or files of tables, where no index is left. */
function monthsFromKeys({ objects }: WarehouseView): Month[] {
  const months = new Set<Month>()
  for (const key of objects.keys()) {
    const day = dayManifestDay(key) ?? tableFileDay(plainCopyKey(key) ?? key)
    if (day !== null) months.add(monthOf(day))
  }
  return [...months].sort()
}

/**
 * The newest file of each table and day, by its key; for the days of which no manifest is left. Only files of runs with
 * a record of success count, unless all records are lost: a run that did not commit has left files, too. Where there is
 * no such file, the plain one counts: up to version 3 there was no other.
 */
async function filesFromKeys(store: ObjectStore, view: WarehouseView, month: Month): Promise<Map<Day, string[]>> {
  const keys = [...view.objects.keys()].sort()
  const replaced = new Set(view.state?.retired.flatMap((group) => group.keys))
  const anyRecord = keys.some((key) => key.startsWith(RUNS_PREFIX))
  // by the keys of plain copies; later ones replace earlier ones
  const newest = new Map<string, string>()
  for (const key of keys) if (tableFileDay(key) !== null) newest.set(key, key)
  for (const key of keys) {
    const plain = plainCopyKey(key)
    if (plain === null) continue
    // a day that was pruned has no plain copies any more
    if (replaced.has(key) && !view.objects.has(plain)) continue
    if (anyRecord && (await isRecorded(store, view, writtenBy(key) ?? '')) === 0) continue
    newest.set(plain, key)
  }
  const byDay = new Map<Day, string[]>()
  for (const [plain, key] of newest) {
    const day = tableFileDay(plain) ?? ''
    if (monthOf(day) === month) byDay.set(day, [...(byDay.get(day) ?? []), key])
  }
  return byDay
}

/** Puts the objects of runs with a record of success last, each by the start of its run. */
async function byCommit(store: ObjectStore, view: WarehouseView, keys: readonly string[]): Promise<string[]> {
  const ranked = keys.map(async (key) => {
    const runId = writtenBy(key) ?? ''
    return { key, rank: `${await isRecorded(store, view, runId)} ${runId}` }
  })
  return (await Promise.all(ranked)).sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ key }) => key)
}

/** 1 for a run whose record says that it was published. */
async function isRecorded(store: ObjectStore, view: WarehouseView, runId: string): Promise<0 | 1> {
  const key = runRecordKey(runId)
  const [record] = view.objects.has(key) ? ((await readable(readRecords(store, key))) ?? []) : []
  const status = record?.status ?? (await recordedTogether(store, view)).get(runId)
  return status === undefined || status === 'failed' ? 0 : 1
}

const together = new WeakMap<WarehouseView, Promise<ReadonlyMap<string, RunRecord['status']>>>()

/** The runs whose records were put together with those of their day, read once for each view. */
function recordedTogether(store: ObjectStore, view: WarehouseView) {
  const known = together.get(view) ?? readTogether(store, view)
  together.set(view, known)
  return known
}

async function readTogether(store: ObjectStore, { objects }: WarehouseView) {
  const statuses = new Map<string, RunRecord['status']>()
  for (const key of objects.keys())
    if (recordsKey(key)?.run === null)
      for (const { run_id, status } of (await readable(readRecords(store, key))) ?? []) statuses.set(run_id, status)
  return statuses
}
