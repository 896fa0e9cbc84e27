import {
  type DayManifest,
  DwhError,
  type EtlState,
  type FailedTable,
  type FileEntry,
  isDwhError,
  manifestKey,
  type ObjectInfo,
  type ObjectStore,
  type RetainedFile,
  retainedKey,
  type SourceIdentity,
  stageKey,
  type TableEntry,
} from '@dwh/core'
import { forEach } from './for-each.ts'
import { FORMAT_VERSION } from './old-formats.ts'
import { serialise } from './parse-state.ts'
import { readManifest, readState, type StoredState } from './read-state.ts'
import { rollForward } from './roll-forward.ts'
import { isOvertaken, writeState } from './write-state.ts'

/** The content that a run publishes. Its files are already staged by `stageFile`. */
export interface Publication {
  readonly runId: string
  readonly date: string
  /** Every table of the run, by name, with the final keys of its files. */
  readonly tables: Readonly<Record<string, TableEntry>>
  /** The tables that failed, by name, and why. Each still shows its previous version. */
  readonly failed: Readonly<Record<string, Pick<FailedTable, 'code' | 'message' | 'hint'>>>
  /** Names of tables that leave the current views; their history stays. */
  readonly dropped: readonly string[]
  /** The sources that the run read. */
  readonly sources: Readonly<Record<string, SourceIdentity>>
  /** The day's manifest when `base` was read; null for a day without one. */
  readonly previous: DayManifest | null
  readonly startedAt: Date
  /** The moment of the commit. */
  readonly now: Date
}

/** How long replaced bytes are retained for readers that still use an older manifest. */
export const RETAINED_FOR_MS: number = 24 * 60 * 60 * 1000

/** Attempts at the commit while the store does not answer. */
const COMMIT_ATTEMPTS = 5

/** Stages a verified file, outside every table's glob; the local file is gone afterwards. Part of step 2. */
export function stageFile(
  store: ObjectStore,
  runId: string,
  key: string,
  path: string,
  signal?: AbortSignal,
): Promise<ObjectInfo> {
  return store.putFile(stageKey(runId, key), path, { move: true, signal })
}

/**
 * Publishes a run, all or nothing: steps 2 to 7 of the protocol (README, "How a run is published"). Each step is one
 * request to the store. A process that dies before the commit has changed nothing that a reader can see. After the
 * commit the next run or reader finds all it needs.
 * @throws DwhError CONFLICT when another run committed since `base` was read: nothing was published. Any other store
 * error also means that nothing was committed, unless `context.uncertain` says that the answer to the commit was lost
 */
export async function publishRun(store: ObjectStore, base: StoredState, publication: Publication): Promise<Published> {
  const manifest = nextManifest(publication)
  const key = manifestKey(publication.date)
  await store.put(stageKey(publication.runId, key), serialise(manifest))
  const retained = await retainReplaced(store, base.state, publication)
  const state = await commit(store, base, publication, retained)
  try {
    if (state.publishing) await rollForward(store, state.publishing)
    return { state, unfinished: null }
  } catch (error) {
    return { state, unfinished: error }
  }
}

export interface Published {
  /** The committed state. */
  readonly state: EtlState
  /**
   * Why not all objects are in place yet; null when they are. The run is published anyway: readers find its objects
   * staged, and the next run moves them.
   */
  readonly unfinished: unknown
}

/**
 * Step 3: copies the files that will be overwritten to keys with this run's id, so that no other run refers to a copy
 * that arrives too late.
 */
async function retainReplaced(
  store: ObjectStore,
  base: EtlState,
  { runId, tables, previous, now }: Publication,
): Promise<RetainedFile[]> {
  const until = new Date(now.getTime() + RETAINED_FOR_MS).toISOString()
  const overwritten = new Set(filesOf(tables).map((file) => file.key))
  // by key and hash: the day's manifest and the current tables mostly list the same files
  const replaced = new Map(
    [...filesOf(previous?.tables ?? {}), ...filesOf(base.tables)]
      .filter((file) => overwritten.has(file.key))
      .map(({ key, sha256 }) => [`${key} ${sha256}`, { key, sha256, retained_as: retainedKey(runId, key), until }]),
  )
  const retained: RetainedFile[] = []
  // a file that is gone cannot be retained
  await forEach([...replaced.values()], async (file) => {
    if (await store.copy(file.key, file.retained_as)) retained.push(file)
  })
  return retained.sort((a, b) => (a.retained_as < b.retained_as ? -1 : 1))
}

function filesOf(tables: Readonly<Record<string, TableEntry>>): FileEntry[] {
  return Object.values(tables).flatMap((table) => table.files)
}

/**
 * Step 4. A state that differs only in `last_failure` is no conflict: a failed run recorded its failure. After a lost
 * answer it repeats the same write: if the first one arrived, however late, the second one conflicts and finds the
 * run's own id in `etl.json`.
 */
async function commit(
  store: ObjectStore,
  base: StoredState,
  publication: Publication,
  retained: RetainedFile[],
): Promise<EtlState> {
  let current = base
  // after the first lost answer this run may be published, whatever later attempts are told
  let perhaps = false
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await writeState(store, current, nextState(current.state, publication, retained))).state
    } catch (error) {
      perhaps ||= !isCertain(error)
      const now = await readState(store).catch(() => null)
      if (now?.state.run_id === publication.runId) return now.state
      if (now && now.etag !== current.etag) {
        if (!differsInFailureOnly(current.state, now.state)) {
          if (!perhaps) throw lost(publication, now.state, error)
          if (!(await isPublished(store, now.state, publication))) throw uncertain(publication, error)
          // published, then finished by a later run, which has committed since
          return { ...nextState(current.state, publication, retained), publishing: null }
        }
        current = now
      } else if (isCertain(error) && !isOvertaken(error)) {
        throw perhaps ? uncertain(publication, error) : error
      } else if (attempt >= COMMIT_ATTEMPTS) {
        throw uncertain(publication, error)
      }
    }
  }
}

/** Whether the store's answer means that this write was certainly not done. */
function isCertain(error: unknown): boolean {
  const codes = ['CONFLICT', 'STORE_DENIED', 'STORE_FULL', 'CONFIG_INVALID']
  return isDwhError(error) && codes.includes(error.code) && error.context.uncertain !== true
}

/** Whether the manifest of the day names the run. */
async function isPublished(store: ObjectStore, state: EtlState, { runId, date }: Publication): Promise<boolean> {
  const manifest = await readManifest(store, state, date).catch(() => null)
  return Object.values(manifest?.tables ?? {}).some((table) => table.run_id === runId)
}

function lost(publication: Publication, winner: EtlState, cause: unknown): DwhError {
  const by = winner.run_id === null ? '' : ` (${winner.run_id})`
  return new DwhError('CONFLICT', `run ${publication.runId}: another run committed first${by}`, {
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

function differsInFailureOnly(a: EtlState, b: EtlState): boolean {
  return JSON.stringify({ ...a, last_failure: null }) === JSON.stringify({ ...b, last_failure: null })
}

/** Returns `etl.json` after the commit of a run. Does not change a table whose current day is later than the run's. */
export function nextState(base: EtlState, publication: Publication, retained: readonly RetainedFile[]): EtlState {
  const { runId, date, startedAt, now } = publication
  const tables: Record<string, TableEntry> = { ...base.tables }
  for (const name of publication.dropped) delete tables[name]
  for (const [name, entry] of Object.entries(publication.tables)) {
    if ((tables[name]?.date ?? '') <= date) tables[name] = entry
  }
  return {
    ...base,
    last_run_at: now.toISOString(),
    status: Object.keys(publication.failed).length === 0 ? 'success' : 'partial',
    duration_ms: now.getTime() - startedAt.getTime(),
    counts: Object.fromEntries(
      Object.entries(tables).map(([name, table]) => [name, table.files.reduce((sum, file) => sum + file.rows, 0)]),
    ),
    run_id: runId,
    sources: { ...base.sources, ...publication.sources },
    publishing: {
      run_id: runId,
      date,
      keys: [...filesOf(publication.tables).map((file) => file.key), manifestKey(date)],
    },
    retained: [...base.retained.filter((entry) => entry.until > now.toISOString()), ...retained],
    pruned: base.pruned.filter(({ keys, until }) => keys.length > 0 || until > now.toISOString()),
    tables,
    ...formerTables(base, tables),
    failed_tables: failedTables(base, publication, tables),
    last_failure: null,
  }
}

function formerTables(base: EtlState, tables: EtlState['tables']): Pick<EtlState, 'former_tables'> {
  const known = new Set([...(base.former_tables ?? []), ...Object.keys(base.tables)])
  const former = [...known].filter((name) => !Object.hasOwn(tables, name)).sort()
  return former.length === 0 && base.former_tables === undefined ? {} : { former_tables: former }
}

/**
 * Returns the tables that failed, in this run or earlier. A run for an earlier day does not affect a table whose
 * current day is later.
 */
function failedTables(
  base: EtlState,
  { runId, date, failed, now }: Publication,
  tables: EtlState['tables'],
): EtlState['failed_tables'] {
  const earlier = Object.entries(base.failed_tables).filter(([name]) => tables[name] && tables[name].run_id !== runId)
  const later = Object.entries(failed).filter(([name]) => (tables[name]?.date ?? '') <= date)
  const at = now.toISOString()
  return Object.fromEntries([...earlier, ...later.map(([name, why]) => [name, { run_id: runId, at, ...why }] as const)])
}

/** Returns the day's manifest after the commit: a run of some tables adds to it, a re-run replaces its own tables. */
export function nextManifest({ runId, date, tables, previous }: Publication): DayManifest {
  return { ...previous, version: FORMAT_VERSION, date, run_id: runId, tables: { ...previous?.tables, ...tables } }
}
