import type { ObjectStore, OnEvent } from '@dwh/core'
import { clean, ifUnreadable, readState, refreshCopies } from '@dwh/metadata'
import { removeOrphans } from './temporary-folders.ts'

interface TidyOptions {
  readonly store: ObjectStore
  readonly tempDirectory: string
  readonly clock: () => Date
  readonly onEvent?: OnEvent | undefined
}

/**
 * Removes what no manifest names, in the store and on this machine, and makes the plain copies that an interrupted run
 * left out. Once a day, and after a run that did not end well, it looks at all objects of the store.
 */
export async function tidyUp(
  { store, tempDirectory, clock, onEvent }: TidyOptions,
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
  const problem = left ?? (await refreshCopies(store, { clock }).catch(ifUnreadable))
  if (problem) onEvent?.({ type: 'not-cleaned', message: problem.message, hint: problem.hint ?? null })
  const files = await removeOrphans(tempDirectory, now)
  if (orphans.length + files > 0) onEvent?.({ type: 'cleaned', objects: orphans.length, files })
}
