import type { ObjectStore, OnEvent } from '@dwh/core'
import { clean, compactRecords, ifDenied, ifUnreadable, readState, refreshCopies } from '@dwh/metadata'
import { removeOrphans } from './temporary-folders.ts'

interface TidyOptions {
  readonly store: ObjectStore
  readonly tempDirectory: string
  readonly clock: () => Date
  readonly retainForMs?: number | undefined
  readonly onEvent?: OnEvent | undefined
  /** Returns an id for what it stores, never that of the run itself. */
  readonly newId: () => string
}

/**
 * Removes what no manifest names, in the store and on this machine, and makes the plain copies that an interrupted run
 * left out. Once a day, and after a run that did not end well, it looks at all objects of the store; once a day it also
 * puts the records of past days together.
 */
export async function tidyUp(
  { store, tempDirectory, clock, retainForMs, onEvent, newId }: TidyOptions,
  raiseToken: boolean,
): Promise<void> {
  const { state } = await readState(store)
  const interrupted = state.retired.filter(({ until }) => until === null).at(-1)
  if (interrupted) onEvent?.({ type: 'finish-copies', runId: interrupted.run_id })
  const now = clock()
  const isFirstOfDay = !(state.last_run_at ?? '').startsWith(now.toISOString().slice(0, 10))
  // a run that failed or was killed has left the files of the tables that it had read
  const whole = isFirstOfDay || state.last_failure !== null || raiseToken
  const { orphans, problem: left } = await clean(store, { now, raiseToken, whole })
  // an index that cannot be read is no reason against a run for another month
  const copies = await refreshCopies(store, { clock, retainForMs }).catch(ifUnreadable)
  const records = isFirstOfDay ? await compactRecords(store, { now, runId: newId() }).catch(ifDenied) : undefined
  const problem = left ?? copies ?? records
  if (problem) onEvent?.({ type: 'not-cleaned', message: problem.message, hint: problem.hint ?? null })
  const files = await removeOrphans(tempDirectory, now)
  if (orphans.length + files > 0) onEvent?.({ type: 'cleaned', objects: orphans.length, files })
}
