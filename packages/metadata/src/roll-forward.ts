import { type ObjectStore, type Publishing, STATE_KEY, stageKey } from '@dwh/core'
import { forEach } from './for-each.ts'
import { readState, type StoredState } from './read-state.ts'
import { untilWritten, writeState } from './write-state.ts'

/**
 * Moves the objects of a committed run into place and clears `publishing`: steps 5 to 7 of a publication. The run
 * itself does this or, if it died, the next process. Any number of processes may do it at the same time, and one that
 * slept in between does no harm. Returns at once when the run is no longer being published.
 */
export async function rollForward(store: ObjectStore, { run_id, keys }: Publishing): Promise<void> {
  const isPublishing = watchPublishing(store, run_id)
  let over = false
  async function promote(key: string): Promise<void> {
    await untilWritten(async () => {
      const seen = await store.head(key)
      over ||= !(await isPublishing())
      // moved out of the stage, never put: a promoter that slept finds its source gone, and overwrites nothing
      if (!over) await store.move(stageKey(run_id, key), key, seen)
    })
  }
  await forEach(keys.slice(0, -1), promote)
  // the manifest last: until it is in place, readers of the day find the staged one
  await forEach(keys.slice(-1), promote)
  if (over) return
  await forEach(keys, (key) => store.delete(stageKey(run_id, key)))
  await untilWritten(async () => {
    const now = await readState(store)
    if (now.state.publishing?.run_id === run_id) await writeState(store, now, { ...now.state, publishing: null })
  })
}

/**
 * Reads `etl.json` after finishing a run that was committed but not completely put in place. Calls `onRollForward` with
 * the id of each such run.
 */
export async function readRecoveredState(
  store: ObjectStore,
  onRollForward?: (runId: string) => void,
): Promise<StoredState> {
  for (;;) {
    const now = await readState(store)
    if (now.state.publishing === null) return now
    onRollForward?.(now.state.publishing.run_id)
    await rollForward(store, now.state.publishing)
  }
}

/**
 * Returns a function that tells whether a run is still being published. It rereads `etl.json` when the ETag changes.
 */
function watchPublishing(store: ObjectStore, runId: string): () => Promise<boolean> {
  let known: { etag: string | null; publishing: boolean } | undefined
  return async () => {
    if (known && (await store.head(STATE_KEY))?.etag === known.etag) return known.publishing
    const { state, etag } = await readState(store)
    known = { etag, publishing: state.publishing?.run_id === runId }
    return known.publishing
  }
}
