import type { EtlState, ObjectStore, SnapshotInfo } from '@dwh/core'
import { readState } from '@dwh/metadata'
import { differingFields } from '@dwh/pipeline'
import { formatAge, plural } from '../units.ts'
import { attempt, type Finding, failed, type Limits, type Outcome, ok, skip, warning } from './finding.ts'

/** A warehouse with a daily run is at most a day old; two more hours allow for a long run. */
const OLD_MS = 26 * 3_600_000

/** Checks the warehouse: its state, its source and its last run. `info` is the current source, if it was reached. */
export async function* checkWarehouse(
  store: ObjectStore,
  info: SnapshotInfo | null,
  now: Date,
  limits: Limits,
): AsyncGenerator<Finding> {
  const read = await attempt(limits, (signal) => readState(store, { signal }))
  if ('failure' in read) {
    yield { id: 'warehouse', ...read.failure }
    yield* skip('warehouse', 'warehouse.source', 'warehouse.last_run')
    return
  }
  const { state } = read.value
  yield { id: 'warehouse', ...stateOutcome(state) }
  if (info) yield { id: 'warehouse.source', ...sourceOutcome(state, info) }
  else yield* skip('source.snapshot', 'warehouse.source')
  yield { id: 'warehouse.last_run', ...lastRunOutcome(state, now) }
}

function stateOutcome({ status, tables, publishing }: EtlState): Outcome {
  if (status === 'none') return ok('none yet: dwh run makes the first')
  const found = plural(Object.keys(tables).length, 'table')
  if (!publishing) return ok(found)
  return warning(
    `${found}; publishing ${publishing.run_id} was interrupted`,
    'Nothing is lost, and queries see all of it. The next dwh run finishes it.',
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

function lastRunOutcome({ last_run_at, last_failure, failed_tables }: EtlState, now: Date): Outcome {
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
  const age = formatAge(new Date(last_run_at), now)
  if (now.getTime() - new Date(last_run_at).getTime() <= OLD_MS) return ok(age)
  return warning(`${age}, on ${last_run_at}`, 'Is the scheduler running? Run again: dwh run')
}
