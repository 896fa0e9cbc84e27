import { type EtlState, formatAge, type ObjectStore, plural, type SnapshotInfo } from '@dwh/core'
import { readState } from '@dwh/metadata'
import { differingFields } from '@dwh/pipeline'
import { attempt, type Finding, failed, type Limits, type Outcome, ok, skip, warning } from './finding.ts'

/** A warehouse with a daily run is at most a day old; two more hours allow for a long run. */
const OLD_MS = 26 * 3_600_000

export interface WarehouseCheckOptions {
  /** The current source, if it was reached. */
  readonly info: SnapshotInfo | null
  /** Whether no source is set, so that nobody here could make a warehouse. */
  readonly noSource: boolean
  readonly now: Date
}

/** Checks the warehouse: its state, its source and its last run. */
export async function* checkWarehouse(
  store: ObjectStore,
  { info, noSource, now }: WarehouseCheckOptions,
  limits: Limits,
): AsyncGenerator<Finding> {
  const read = await attempt(limits, (signal) => readState(store, { signal }))
  if ('failure' in read) {
    yield { id: 'warehouse', ...read.failure }
    yield* skip('warehouse', 'warehouse.source', 'warehouse.last_run')
    return
  }
  const { state } = read.value
  yield { id: 'warehouse', ...stateOutcome(state, noSource) }
  if (info) yield { id: 'warehouse.source', ...sourceOutcome(state, info) }
  else yield* skip(noSource ? 'source.connection' : 'source.snapshot', 'warehouse.source')
  yield { id: 'warehouse.last_run', ...lastRunOutcome(state, now) }
}

function stateOutcome({ status, tables, retired }: EtlState, noSource: boolean): Outcome {
  if (status === 'none' && noSource)
    return failed(
      'none here',
      'Point --storage or DWH_STORAGE at a warehouse, or set a source and make one with dwh run.',
    )
  if (status === 'none') return ok('none yet: dwh run makes the first')
  const found = plural(Object.keys(tables).length, 'table')
  const interrupted = retired.find(({ until }) => until === null)
  if (!interrupted) return ok(found)
  return warning(
    `${found}; plain copies of run ${interrupted.run_id} may be missing`,
    'Queries see all of the run. If it is not in progress any more, the next dwh run makes the copies.',
  )
}

function sourceOutcome(state: EtlState, { source }: SnapshotInfo): Outcome {
  const before = state.sources.default
  const differing = differingFields(before, source)
  if (differing.length === 0) return ok(before ? 'same database as in the last run' : 'none yet')
  const what = differing.map((field) => `${field} ${before?.[field]}, now ${source[field]}`)
  return failed(
    `the last run read another database: ${what.join('; ')}`,
    'Correct the URL or the storage. If the database was moved, run `dwh run --accept-new-source` once.',
  )
}

function lastRunOutcome(state: EtlState, now: Date): Outcome {
  const { last_run_at, last_run_of_all, last_failure, failed_tables } = state
  if (last_failure) {
    const { at, message, hint } = last_failure
    return warning(`failed ${formatAge(new Date(at), now)}: ${message}`, hint ?? 'Run again: dwh run')
  }
  const [failure] = Object.values(failed_tables)
  if (failure) {
    const tables = plural(Object.keys(failed_tables).length, 'table')
    return warning(
      `${tables} failed, still showing the previous version: ${failure.message}`,
      failure.hint ?? 'Run again: dwh run',
    )
  }
  if (last_run_at === null) return ok('none yet')
  if (last_run_of_all === null) return warning('only of some tables so far', 'To read all of them: dwh run')
  const { at } = last_run_of_all ?? { at: last_run_at }
  const age = `${formatAge(new Date(at), now)}${at === last_run_at ? '' : ', of all tables'}`
  if (now.getTime() - new Date(at).getTime() <= OLD_MS) return ok(age)
  return warning(`${age}, on ${at}`, 'Is the scheduler running? Run again: dwh run')
}
