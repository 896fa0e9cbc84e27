import {
  type Day,
  DwhError,
  type FileEntry,
  isDwhError,
  type ObjectStore,
  partKey,
  type RunRecord,
  type TableEntry,
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
  /** Cleans first, as the pipeline does. Users of the library may skip this. */
  readonly cleans: boolean
  /** Whether that looks at all objects. */
  readonly whole: boolean
  /** Stores its files, then fails, and notes the failure. */
  readonly fails: boolean
  /** Returns an id for what a take-over stores. */
  readonly newId: () => string
  /** Called with the fencing token of the base. */
  readonly onBase?: (token: number) => void
}

/** The outcome that a run reports. `nothing`: the run knows that it published nothing. `locked`: its lease is over. */
export type Outcome = 'published' | 'conflict' | 'nothing' | 'uncertain' | 'locked'

/** Runs as `runPipeline` does, without a source: lease, clean-up, base, files, publication, note of a failure. */
export async function run(code: Code, store: ObjectStore, plan: RunPlan, clock: () => Date): Promise<Outcome> {
  let locked = true
  try {
    const { runId, leaseMs, cleans, whole } = plan
    const lease = leaseMs === null ? null : await code.takeLease(store, { owner: runId, clock, ttlMs: leaseMs })
    locked = false
    try {
      const held = lease ? code.whileHeld(store, lease) : store
      if (cleans) {
        await code.refreshCopies(held, { clock })
        await code.clean(held, { now: clock(), raiseToken: lease?.takenOver ?? false, whole })
      }
      const base = await code.readBase(held, plan.newId)
      plan.onBase?.(base.state.fencing_token)
      try {
        await putAndPublish(code, held, base, plan, clock)
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
    if (locked || error.context.leaseOver === true) return 'locked'
    return error.code === 'CONFLICT' ? 'conflict' : 'nothing'
  }
}

async function putAndPublish(
  code: Code,
  store: ObjectStore,
  base: Awaited<ReturnType<Code['readState']>>,
  { runId, date, tables, fails }: RunPlan,
  clock: () => Date,
): Promise<void> {
  const startedAt = clock()
  const entries = Object.fromEntries(tables.map((name) => [name, entryOf(runId, date, name)]))
  await Promise.all(tables.map((name) => code.putPart(store, fileOf(entries[name]!).key, bytesOf(runId, name))))
  if (fails) throw new DwhError('RUN_FAILED', 'a table failed')
  await code.publishRun(store, base, {
    runId,
    date,
    tables: entries,
    failed: {},
    dropped: [],
    sources: {},
    startedAt,
    now: clock(),
    clock,
  })
}

export function bytesOf(runId: string, table: string): string {
  return `${runId} ${table}`
}

/** `key`: null for that of a file of this version. */
export function entryOf(runId: string, date: Day, name: string, key: string | null = null): TableEntry {
  const body = bytesOf(runId, name)
  return {
    source: { name: 'default', schema: 'public', table: name },
    run_id: runId,
    date,
    mode: 'snapshot',
    snapshot: { id: null, position: null, taken_at: '' },
    files: [
      {
        key: key ?? partKey({ schema: 'public', name }, date, runId),
        rows: 1,
        bytes: body.length,
        sha256: hashOf(body),
      },
    ],
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
  return { version: 4, run_id: runId, status: 'failed', date, ...times, tables: {}, error: null }
}

/** Reads all files of the current tables, or of a day's. `mayMiss`: whether the time of this reader is over. */
export async function read(code: Code, store: ObjectStore, day: Day | null, mayMiss: () => boolean): Promise<void> {
  const { state } = await code.readState(store)
  const source = day === null ? state : await code.readManifest(store, state, day)
  for (const entry of Object.values(source?.tables ?? {})) {
    const file = fileOf(entry)
    let isThere = false
    for (const key of whereToLook(state, file)) {
      const found = await store.get(key)
      isThere ||= found !== null && hashOf(found.body) === file.sha256
      if (isThere) break
    }
    if (!isThere && !mayMiss() && !state.older) throw new Violation(`a reader cannot find the bytes of ${file.key}`)
  }
}
