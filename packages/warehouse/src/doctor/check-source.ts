import type { Config } from '@dwh/config'
import type { SnapshotInfo, Source, SourceSnapshot } from '@dwh/core'
import { checkSchedules } from './check-schedules.ts'
import { chooseTables, notesOutcome, tablesOutcome, tryEach } from './check-tables.ts'
import { attempt, type CheckId, type Finding, type Limits, type Outcome, ok, skip, warning } from './finding.ts'

/** Facts about the source that later checks need. */
export interface ExaminedSource {
  readonly info: SnapshotInfo
  /** Estimate of the catalog. */
  readonly largestTableBytes: number
}

const AFTER_SNAPSHOT = ['source.tables', 'source.notes'] as const

/** Checks that are skipped if the source cannot be reached. */
export const AFTER_CONNECTION: readonly CheckId[] = ['source.snapshot', ...AFTER_SNAPSHOT]

/**
 * Checks that a run could read the source: opens one snapshot and reads one row of each table. `notes` holds what the
 * source reports when it is opened.
 */
export async function* checkSource(
  source: Source,
  notes: readonly string[],
  config: Config,
  limits: Limits,
): AsyncGenerator<Finding, ExaminedSource | null> {
  let snapshot: SourceSnapshot | undefined
  try {
    const opened = await attempt(limits, async (signal) => {
      snapshot = await source.open(signal)
      const tables = await snapshot.tables()
      return { snapshot, tables, ...(await chooseTables(snapshot, tables, config)) }
    })
    if ('failure' in opened) {
      yield* noSnapshot(opened.failure)
      return null
    }
    const { tables, selection, problem } = opened.value
    const { info } = opened.value.snapshot
    // only a read shows whether a second session sees the snapshot
    const trials = await tryEach(opened.value.snapshot, selection, limits)
    if ('failure' in trials) {
      yield* noSnapshot(trials.failure)
      return null
    }
    yield { id: 'source.snapshot', ...snapshotOutcome(info, notes) }
    const schedules = problem ? null : checkSchedules(selection, tables, config)
    const ofTables = problem ?? tablesOutcome(selection, trials.value, tables, config)
    yield {
      id: 'source.tables',
      ...(ofTables.status === 'failed' ? ofTables : (schedules?.problem ?? ofTables)),
    }
    if (schedules === null) yield* skip('source.tables', 'source.notes')
    else yield { id: 'source.notes', ...notesOutcome(selection, tables, schedules.notes) }
    const sizes = selection.selected.map(({ table }) => table.estimatedBytes ?? 0)
    return { info, largestTableBytes: Math.max(0, ...sizes) }
  } finally {
    await snapshot?.close()
  }
}

function* noSnapshot(failure: Outcome): Generator<Finding> {
  yield { id: 'source.snapshot', ...failure }
  yield* skip('source.snapshot', ...AFTER_SNAPSHOT)
}

function snapshotOutcome({ takenAt }: SnapshotInfo, notes: readonly string[]): Outcome {
  if (notes.length === 0) return ok(`all tables can be read at one instant, such as ${takenAt}`)
  return warning(notes.join('; '), 'Runs still work. docs/postgres.md explains what each of these costs.')
}
