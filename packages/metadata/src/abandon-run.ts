import { type ObjectStore, STAGE_PREFIX } from '@dwh/core'
import { readState } from './read-state.ts'

/**
 * Removes the staged objects of a run that will not commit. Call it only for a run that certainly did not commit: if
 * the commit got no answer, the staged objects may be the only copy that readers have. Removes nothing while `etl.json`
 * names the run, or cannot be read. Best effort: objects that stay are outside every glob and every manifest.
 */
export async function abandonRun(store: ObjectStore, runId: string): Promise<void> {
  try {
    const { state } = await readState(store)
    if (state.run_id === runId || state.publishing?.run_id === runId) return
    for await (const { key } of store.list(`${STAGE_PREFIX}${runId}/`)) await store.delete(key)
  } catch {
    // the reason why the run failed matters more than its remains
  }
}
