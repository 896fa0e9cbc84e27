import { rm } from 'node:fs/promises'
import { DwhError, type EtlState, formatRunId, type RunRecord, type SourceSnapshot } from '@dwh/core'
import {
  type Lease,
  type LeaseHolder,
  type Publication,
  type Published,
  type PublishOptions,
  publishRun,
  readBase,
  readManifest,
  readState,
  type StoredState,
  takeLease,
  whileHeld,
  writeRunRecord,
} from '@dwh/metadata'
import { checkResults } from './check-results.ts'
import { runFiles } from './derive.ts'
import { detectChanges } from './detect-changes.ts'
import { executePlan, type TableResult } from './execute-plan.ts'
import { checkFreeSpace } from './free-space.ts'
import { failureOfRun, noteFailure } from './note-failure.ts'
import { type OpenSources, withSources } from './open-sources.ts'
import { type PlannedSource, planRun, type RunPlan } from './plan-run.ts'
import { type RunDays, runDays } from './run-days.ts'
import type { PlanOptions, RunOptions, RunReport } from './run-options.ts'
import { makeRecord } from './run-record.ts'
import type { SourceSettings } from './settings.ts'
import { type GuardedStore, guardSilence } from './silent-store.ts'
import { sortResults } from './sort-results.ts'
import { makeFolder } from './temporary-folders.ts'
import { tidyUp } from './tidy-up.ts'

/** Random bytes in a run's id. */
const RUN_ID_BYTES = 4

/**
 * Plans a run: opens every source and returns what a run would do now, without doing it.
 * @throws DwhError as `planRun`, the sources and the store do
 */
export async function planPipeline(options: PlanOptions): Promise<RunPlan> {
  const base = await readState(options.store)
  const days = runDays(options, options.clock())
  const planned = await withSources(options, async ({ snapshots, closeFailure }) => {
    const plan = await makePlan(options, base, snapshots, days)
    return { plan, closeFailure }
  })
  const failure = planned.closeFailure()
  if (failure !== null) throw failure
  return planned.plan
}

/**
 * Runs the pipeline: recovers what an earlier run left, takes one snapshot of each source, plans, reads and stores
 * every table that has changed, and publishes all of them with one conditional write, or none; with `onTableError:
 * 'keep-previous'` those that did not fail (the record's status is then `partial`). A failed run leaves the last good
 * state unchanged and adds `last_failure` and a record.
 *
 * @example
 * await runPipeline({
 *   store: localStore({ path: 'warehouse' }),
 *   sources: { default: { source: postgresSource({ connection: process.env.DATABASE_URL }) } },
 *   writer, tempDirectory: '/var/tmp', clock: () => new Date(), random: randomBytes,
 * })
 *
 * @throws DwhError RUN_FAILED if tables failed (`context.tables`; one event each has the reason), CONFLICT if another
 * run was faster or `ifLastRun` does not hold any more, and the errors of planning, the sources and the store
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
  // not the guarded store: the commit is retried until its answer is certain, however long the storage is silent
  const store = whileHeld(given.store, lease)
  const signal = AbortSignal.any([lease.signal, guard.silent, ...(given.signal ? [given.signal] : [])])
  const options = { ...given, store, signal }
  const { clock } = options
  const { date } = days
  const newId = () => formatRunId(clock(), options.random(RUN_ID_BYTES))
  await tidyUp({ ...options, newId }, lease.takenOver)
  const base = await readBase(store, newId)
  checkLastRun(options, base.state)
  const reached: Reached = { plan: undefined, results: [] }
  const record = (error: DwhError | null) =>
    makeRecord({ runId, date, startedAt, finishedAt: clock(), ...reached, error })
  const leased = { runId, startedAt, days, lease, guard }
  let made: RunRecord | undefined
  // before the plain copies are made: if `etl.json` is lost, records tell which runs were committed
  const onCommit = async () => {
    made = record(null)
    await writeRunRecord(store, made)
  }
  const { published, plan } = await stepThrough(options, base, { ...leased, onCommit }, reached).catch(
    async (cause) => {
      const error = failureOfRun(cause, runId, { lease: lease.signal, silent: guard.silent })
      await noteFailure(guard.store, record(error), error)
      throw error
    },
  )
  return { runId, record: made ?? record(null), results: reached.results, plan, ...published }
}

/** From the sources to the commit; each step gets the result of the previous one. */
async function stepThrough(
  options: RunOptions,
  base: StoredState,
  { runId, startedAt, days, lease, guard, onCommit }: LeasedRun & Pick<PublishOptions, 'onCommit'>,
  reached: Reached,
): Promise<{ readonly plan: RunPlan; readonly published: Published }> {
  const { plan, sources, closeFailure } = await withSources(options, async (open) => {
    const plan = await makePlan(options, base, open.snapshots, days)
    reached.plan = plan
    options.onEvent?.({ type: 'run-start', runId, date: days.date, tables: plan.tables.map((table) => table.name) })
    await readAndDerive({ ...options, store: whileHeld(guard.store, lease), runId, open }, plan, reached)
    const sources = Object.fromEntries([...open.snapshots].map(([name, snapshot]) => [name, snapshot.info.source]))
    return { plan, sources, closeFailure: open.closeFailure }
  })
  const { results } = reached
  checkResults(results, { onTableError: options.onTableError ?? 'fail', plan, state: base.state, sources })
  const { published: tables, failed } = sortResults(results)
  // derived tables are in no source
  const dropped = plan.dropped.filter((table) => !results.some(({ name }) => name === table))
  const publication: Omit<Publication, 'now'> = {
    runId,
    date: days.date,
    ofAll: options.only === undefined,
    tables,
    failed,
    dropped,
    sources,
    startedAt,
  }
  const { store, clock, retainForMs } = options
  const published = await publishRun(store, base, { ...publication, now: clock(), clock, retainForMs, onCommit })
  const told = tellCommit(options, runId, Object.keys(tables).length)
  return {
    plan: { ...plan, dropped },
    published: { ...published, unfinished: published.unfinished ?? closeFailure() ?? told },
  }
}

/** Progress of a run so far. */
interface Reached {
  plan: RunPlan | undefined
  results: readonly TableResult[]
}

/** After the commit nothing fails the run: an error of an observer is returned. */
function tellCommit({ onEvent }: RunOptions, runId: string, tables: number): unknown {
  try {
    onEvent?.({ type: 'commit', runId, tables })
    return null
  } catch (error) {
    return error
  }
}

function checkLastRun({ ifLastRun }: RunOptions, { run_id }: EtlState): void {
  if (ifLastRun === undefined || ifLastRun === run_id) return
  throw new DwhError('CONFLICT', `the last good run is ${run_id ?? 'none'}, not ${ifLastRun ?? 'none'} any more`, {
    hint: 'Another run finished meanwhile: check whether this one is still wanted.',
  })
}

async function makePlan(
  options: PlanOptions,
  base: StoredState,
  snapshots: ReadonlyMap<string, SourceSnapshot>,
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
  const plan = planRun({
    date,
    today,
    acceptNewSource: options.acceptNewSource ?? false,
    only: options.only ?? null,
    replace: options.replace ?? false,
    state: base.state,
    manifest: await readManifest(options.store, base.state, date),
    sources,
  })
  return detectChanges(plan, { ...options, snapshots, state: base.state })
}

type Running = RunOptions & { readonly runId: string; readonly open: OpenSources }

/** Reads and stores every table, closes each source as soon as its tables are read, then derives further tables. */
async function readAndDerive(options: Running, plan: RunPlan, reached: Reached): Promise<void> {
  const { open, store, runId, signal, derive } = options
  const folder = await makeFolder(options.tempDirectory)
  try {
    await checkFreeSpace(folder, plan)
    const { snapshots, close } = open
    reached.results = await executePlan(plan, { ...options, folder, snapshots, onSourceRead: close })
    if (derive === undefined) return
    reached.results = await derive(reached.results, runFiles({ store, runId, date: plan.date, folder, signal }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
