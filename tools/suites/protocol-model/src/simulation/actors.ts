import {
  type Day,
  DwhError,
  type EtlState,
  isDwhError,
  type ObjectStore,
  own,
  type RunRecord,
  whereToLook,
  writtenBy,
} from '@dwh/core'
import type { StoredState } from '@dwh/metadata'
import { bytesOf, entriesOf, fileOf } from './entries.ts'
import { Violation } from './invariants.ts'
import { hashOf } from './objects.ts'
import { versionOf } from './reached.ts'
import type { Code, RunPlan } from './run-plan.ts'

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
  base: StoredState,
  plan: RunPlan,
  clock: () => Date,
): Promise<void> {
  const { runId, date } = plan
  const startedAt = clock()
  const { state } = base
  const tables = await entriesOf(code, store, state, plan, startedAt)
  const dropped = Object.keys(state.tables).filter((name) => plan.drops && isLeftOut(state, plan, name))
  plan.onWork?.({ date, tables: new Map(Object.entries(tables).map(([name, of]) => [name, versionOf(of)])), dropped })
  const read = Object.entries(tables).filter(([, entry]) => writtenBy(fileOf(entry).key) === runId)
  await Promise.all(read.map(([name, entry]) => code.putPart(store, fileOf(entry).key, bytesOf(runId, name))))
  if (plan.fails) throw new DwhError('RUN_FAILED', 'a table failed')
  const known = { failed: {}, dropped, sources: {}, startedAt }
  await code.publishRun(store, base, { runId, date, tables, ...known, now: clock(), clock })
}

/** A run for an earlier day removes nothing from the current tables. */
function isLeftOut({ tables }: EtlState, { date, tables: ofRun }: RunPlan, name: string): boolean {
  return !ofRun.some((table) => table.name === name) && (own(tables, name)?.date ?? '') <= date
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
