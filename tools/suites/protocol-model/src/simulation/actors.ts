import type { RunRecord } from '@dwh/core'
import {
  type Day,
  type FileEntry,
  isDwhError,
  type ObjectStore,
  type TableEntry,
  tableFileKey,
  whereToLook,
} from '@dwh/core'
import { Violation } from './invariants.ts'
import { hashOf } from './objects.ts'

/** The functions under test. */
export type Code = typeof import('./code.ts')

export interface RunPlan {
  readonly runId: string
  readonly date: Day
  readonly tables: readonly string[]
  /** Null: runs without a lease. */
  readonly leaseMs: number | null
  /** Removes orphans first, as the pipeline does. Users of the library may skip this. */
  readonly cleans: boolean
}

/** The outcome that a run reports. `nothing`: the run knows that it published nothing. */
export type Outcome = 'published' | 'conflict' | 'nothing' | 'uncertain'

/** Runs as `runPipeline` does, without a source: takes the lease, cleans, stages, publishes, and records a failure. */
export async function run(code: Code, store: ObjectStore, plan: RunPlan, clock: () => Date): Promise<Outcome> {
  try {
    const { runId, leaseMs, cleans } = plan
    const lease = leaseMs === null ? null : await code.takeLease(store, { owner: runId, clock, ttlMs: leaseMs })
    try {
      const held = lease ? code.whileHeld(store, lease) : store
      const base = cleans
        ? await code.clean(held, { now: clock(), raiseToken: lease?.takenOver ?? false })
        : await code.readRecoveredState(held)
      try {
        await stageAndPublish(code, held, base, plan, clock)
        return 'published'
      } catch (cause) {
        const error = code.failureOfRun(cause, plan.runId, { lease: lease?.signal })
        await code.noteFailure(store, record(plan, clock()), error)
        throw error
      }
    } finally {
      await lease?.release()
    }
  } catch (error) {
    if (!isDwhError(error)) throw error
    if (error.context.uncertain === true) return 'uncertain'
    return error.code === 'CONFLICT' ? 'conflict' : 'nothing'
  }
}

async function stageAndPublish(
  code: Code,
  store: ObjectStore,
  base: Awaited<ReturnType<Code['readState']>>,
  { runId, date, tables }: RunPlan,
  clock: () => Date,
): Promise<void> {
  const startedAt = clock()
  const entries = Object.fromEntries(tables.map((name) => [name, entryOf(runId, date, name)]))
  await Promise.all(
    tables.map((name) => code.stageFile(store, runId, fileOf(entries[name]!).key, bytesOf(runId, name))),
  )
  await code.publishRun(store, base, {
    runId,
    date,
    tables: entries,
    failed: {},
    dropped: [],
    sources: {},
    previous: await code.readManifest(store, base.state, date),
    startedAt,
    now: clock(),
  })
}

function bytesOf(runId: string, table: string): string {
  return `${runId} ${table}`
}

function entryOf(runId: string, date: Day, name: string): TableEntry {
  const body = bytesOf(runId, name)
  const key = tableFileKey({ schema: 'public', name }, date)
  return {
    source: { name: 'default', schema: 'public', table: name },
    run_id: runId,
    date,
    mode: 'snapshot',
    snapshot: { id: null, position: null, taken_at: '' },
    files: [{ key, rows: 1, bytes: body.length, sha256: hashOf(body) }],
    columns: [],
    proof: { level: 'counts', rows: 1 },
    schema_hash: '',
    primary_key: [],
    watermark: null,
    lossy_conversions: {},
  }
}

function fileOf(entry: TableEntry): FileEntry {
  return entry.files[0]!
}

function record({ runId, date }: RunPlan, at: Date): RunRecord {
  const times = { started_at: at.toISOString(), finished_at: at.toISOString(), duration_ms: 0 }
  return { version: 3, run_id: runId, status: 'failed', date, ...times, tables: {}, error: null }
}

/** Attempts to find a file, each with a freshly read `etl.json`, as `localFiles` of `@dwh/query` makes them. */
const LOOKS = 3

/**
 * Reads all files of the current tables, or of a day's. A reader fails if it cannot find the bytes of a file, unless
 * `retentionEnded` says that the retention period of the file has ended.
 */
export async function read(
  code: Code,
  store: ObjectStore,
  day: Day | null,
  retentionEnded: (file: FileEntry) => boolean,
): Promise<void> {
  const { state } = await code.readState(store)
  const source = day === null ? state : await code.readManifest(store, state, day)
  for (const entry of Object.values(source?.tables ?? {})) await open(code, store, fileOf(entry), retentionEnded)
}

async function open(
  code: Code,
  store: ObjectStore,
  file: FileEntry,
  retentionEnded: (file: FileEntry) => boolean,
): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const { state } = await code.readState(store)
    for (const key of whereToLook(state, file)) {
      const found = await store.get(key)
      if (found && hashOf(found.body) === file.sha256) return
    }
  }
  if (!retentionEnded(file)) throw new Violation(`a reader cannot find the bytes of ${file.key}`)
}
