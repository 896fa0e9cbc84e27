import { rm } from 'node:fs/promises'
import {
  type Day,
  DwhError,
  type EtlState,
  formatRunId,
  type ObjectStore,
  type OnEvent,
  type OnTableError,
  type RunRecord,
  type SourceSnapshot,
  type TableEntry,
} from '@dwh/core'
import {
  clean,
  type Lease,
  type LeaseHolder,
  type Publication,
  publishRun,
  readManifest,
  readState,
  type StoredState,
  takeLease,
  whileHeld,
  writeRunRecord,
} from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import { checkResults } from './check-results.ts'
import { executePlan, type TableResult } from './execute-plan.ts'
import { checkFreeSpace } from './free-space.ts'
import { failureOfRun, noteFailure } from './note-failure.ts'
import { type PlannedSource, planRun, type RunPlan } from './plan-run.ts'
import { type RunDays, runDays } from './run-days.ts'
import { failureOf, makeRecord } from './run-record.ts'
import type { SourceSettings } from './settings.ts'
import { type GuardedStore, guardSilence } from './silent-store.ts'
import { makeFolder, removeLeftovers } from './temporary-folders.ts'

export interface PlanOptions {
  readonly store: ObjectStore
  /** By name, which is how `etl.json` tells them apart; `default` for the only one. */
  readonly sources: Readonly<Record<string, SourceSettings>>
  /** The day of the run; today in `timeZone` unless given. */
  readonly date?: Day | undefined
  /** IANA name. Default UTC. */
  readonly timeZone?: string | undefined
  /** Only the tables that these patterns name. */
  readonly only?: readonly string[] | undefined
  /** Allow a past day's files to be replaced. Default false. */
  readonly replace?: boolean | undefined
  /** Allow a source to be another database than before, which is then the one of the warehouse. Default false. */
  readonly acceptNewSource?: boolean | undefined
  readonly clock: () => Date
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
}

export interface RunOptions extends PlanOptions {
  /** Only while this is the last good run, null for none: of two that decided so by the same state, one runs. */
  readonly ifLastRun?: string | null | undefined
  /** Default `fail`. When all tables fail, the run fails either way. */
  readonly onTableError?: OnTableError | undefined
  readonly writer: ParquetWriter
  /** For files on their way to the store. Fastest on the same file system as a local store. */
  readonly tempDirectory: string
  /** Random bytes; makes a run's id its own. */
  readonly random: (bytes: number) => Uint8Array
  /** How long the lease lasts without being renewed, which it is three times in that while; another run waits so long for one on another machine that was killed. Default 2 min. */
  readonly leaseTtlMs?: number | undefined
}

export interface RunReport {
  readonly runId: string
  readonly plan: RunPlan
  /** As committed. */
  readonly state: EtlState
  readonly record: RunRecord
  /** Of each table of the plan. */
  readonly results: readonly TableResult[]
  /** Why some objects are not in place yet; null nearly always. The run is published all the same, and the next one finishes it. */
  readonly unfinished: unknown
}

/** Random bytes in a run's id. */
const RUN_ID_BYTES = 4

/**
 * Opens every source and says what a run would do now, without doing it.
 * @throws DwhError as `planRun`, the sources and the store do
 */
export async function planPipeline(options: PlanOptions): Promise<RunPlan> {
  const base = await readState(options.store)
  const days = runDays(options, options.clock())
  return withSnapshots(options, (snapshots) => makePlan(options, base, snapshots, days))
}

/**
 * Runs the whole way: settles what an earlier run left, takes one snapshot of each source, plans, reads and stages every table, and publishes all of
 * them by one conditional write, or none; with `onTableError: 'keep-previous'` those that did not fail (the record's status is then `partial`). A failed run leaves the last good state as it was and adds `last_failure` and a record.
 *
 * @example
 * await runPipeline({
 *   store: localStore({ path: 'warehouse' }),
 *   sources: { default: { source: postgresSource({ connection: process.env.DATABASE_URL }) } },
 *   writer, tempDirectory: '/var/tmp', clock: () => new Date(), random: randomBytes,
 * })
 *
 * @throws DwhError RUN_FAILED when tables failed (`context.tables`; one event for each has said why), CONFLICT when another run was quicker or `ifLastRun` does not hold any more, and what planning,
 * the sources and the store throw
 */
export async function runPipeline(options: RunOptions): Promise<RunReport> {
  const { clock } = options
  const startedAt = clock()
  const runId = formatRunId(startedAt, options.random(RUN_ID_BYTES))
  const days = runDays(options, startedAt)
  const onWait = (holder: LeaseHolder) => options.onEvent?.({ type: 'lease-wait', ...holder })
  const guard = guardSilence(options.store)
  const { signal, leaseTtlMs: ttlMs } = options
  const lease = await takeLease(guard.store, { owner: runId, clock, ttlMs, signal, onWait })
  try {
    return await runWithLease(options, { runId, startedAt, days, lease, guard })
  } finally {
    await lease.release()
  }
}

interface LeasedRun {
  readonly runId: string
  readonly startedAt: Date
  readonly days: RunDays
  readonly lease: Lease
  readonly guard: GuardedStore
}

async function runWithLease(
  given: RunOptions,
  { runId, startedAt, days, lease, guard }: LeasedRun,
): Promise<RunReport> {
  // not the guarded one: the commit is tried until its answer is certain, however long the storage is silent
  const store = whileHeld(given.store, lease)
  const signal = AbortSignal.any([lease.signal, guard.silent, ...(given.signal ? [given.signal] : [])])
  const options = { ...given, store, signal }
  const { clock } = options
  const { date } = days
  const base = await tidyUp(options, lease.takenOver)
  checkLastRun(options, base.state)
  const results: TableResult[] = []
  let plan: RunPlan | undefined
  const record = (error: DwhError | null) =>
    makeRecord({ runId, date, startedAt, finishedAt: clock(), plan, results, error })
  let published: Omit<RunReport, 'record' | 'runId' | 'results'> | undefined
  try {
    await withSnapshots(options, async (snapshots) => {
      plan = await makePlan(options, base, snapshots, days)
      options.onEvent?.({ type: 'run-start', runId, date, tables: plan.tables.map((table) => table.name) })
      results.push(...(await extract(plan, { ...options, store: whileHeld(guard.store, lease), runId, snapshots })))
      const sources = Object.fromEntries([...snapshots].map(([name, snapshot]) => [name, snapshot.info.source]))
      checkResults(results, { onTableError: options.onTableError ?? 'fail', plan, state: base.state, sources })
      const { written, failed } = sortResults(results)
      const publication = { runId, date, tables: written, failed, dropped: plan.dropped, sources, startedAt }
      published = { plan, ...(await publish(store, base, publication, clock)) }
      options.onEvent?.({ type: 'commit', runId, tables: Object.keys(written).length })
    })
  } catch (cause) {
    if (!published) {
      const error = failureOfRun(cause, runId, { lease: lease.signal, silent: guard.silent })
      await noteFailure(guard.store, record(error), error)
      throw error
    }
    // from the commit on, nothing makes the run a failure
    published = { ...published, unfinished: published.unfinished ?? cause }
  }
  return finish(store, { runId, record: record(null), results, ...(published as NonNullable<typeof published>) })
}

function checkLastRun({ ifLastRun }: RunOptions, { run_id }: EtlState): void {
  if (ifLastRun === undefined || ifLastRun === run_id) return
  throw new DwhError('CONFLICT', `the last good run is ${run_id ?? 'none'}, and no longer ${ifLastRun ?? 'none'}`, {
    hint: 'Another run was made meanwhile: look whether this one is still wanted.',
  })
}

/** Finishes and removes what earlier runs have left, in the store and on this machine. */
async function tidyUp({ store, tempDirectory, clock, onEvent }: RunOptions, fence: boolean): Promise<StoredState> {
  const onRollForward = (earlier: string) => onEvent?.({ type: 'roll-forward', runId: earlier })
  const now = clock()
  const { removed, ...state } = await clean(store, { now, fence, onRollForward })
  const files = await removeLeftovers(tempDirectory, now)
  if (removed.length + files > 0) onEvent?.({ type: 'cleaned', objects: removed.length, files })
  return state
}

/** The record comes after the commit: that it cannot be written makes the run no failure. */
async function finish(store: ObjectStore, report: RunReport): Promise<RunReport> {
  try {
    await writeRunRecord(store, report.record)
    return report
  } catch (error) {
    return { ...report, unfinished: report.unfinished ?? error }
  }
}

async function withSnapshots<T>(
  options: PlanOptions,
  work: (snapshots: Map<string, SourceSnapshot>) => Promise<T>,
): Promise<T> {
  const snapshots = new Map<string, SourceSnapshot>()
  const closeAll = async () => {
    const closed = await Promise.allSettled([...snapshots.values()].map((snapshot) => snapshot.close()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }
  let answer: T
  try {
    for (const [name, { source }] of Object.entries(options.sources))
      snapshots.set(name, await source.open(options.signal))
    answer = await work(snapshots)
  } catch (error) {
    // why it failed matters more than that closing failed too
    await closeAll().catch(() => {})
    throw error
  }
  await closeAll()
  return answer
}

async function makePlan(
  options: PlanOptions,
  base: StoredState,
  snapshots: Map<string, SourceSnapshot>,
  { date, today }: RunDays,
): Promise<RunPlan> {
  const sources: Record<string, PlannedSource> = {}
  for (const [name, snapshot] of snapshots) {
    const settings = options.sources[name] as SourceSettings
    sources[name] = {
      identity: snapshot.info.source,
      tables: await snapshot.tables(),
      settings,
      typeNames: settings.types && (await snapshot.typeNames?.()),
    }
  }
  return planRun({
    date,
    today,
    now: options.clock(),
    acceptNewSource: options.acceptNewSource ?? false,
    only: options.only ?? null,
    replace: options.replace ?? false,
    state: base.state,
    manifest: await readManifest(options.store, base.state, date),
    sources,
  })
}

type Running = RunOptions & { readonly runId: string; readonly snapshots: Map<string, SourceSnapshot> }

async function extract(plan: RunPlan, options: Running): Promise<TableResult[]> {
  const folder = await makeFolder(options.tempDirectory)
  try {
    await checkFreeSpace(folder, plan)
    return await executePlan(plan, { ...options, folder })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function sortResults(
  results: readonly TableResult[],
): Pick<Publication, 'failed'> & { written: Publication['tables'] } {
  const written: [string, TableEntry][] = []
  const failed: [string, Publication['failed'][string]][] = []
  for (const result of results) {
    if (result.status === 'written') written.push([result.name, result.entry])
    else failed.push([result.name, failureOf(result.error)])
  }
  return { written: Object.fromEntries(written), failed: Object.fromEntries(failed) }
}

async function publish(
  store: ObjectStore,
  base: StoredState,
  publication: Omit<Publication, 'previous' | 'now'>,
  clock: () => Date,
) {
  const previous = await readManifest(store, base.state, publication.date)
  return publishRun(store, base, { ...publication, previous, now: clock() })
}
