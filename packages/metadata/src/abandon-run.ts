import { type ObjectStore, STAGE_PREFIX } from '@dwh/core'
import { readState } from './read-state.ts'

/**
 * Removes what a run has staged and will not commit. Only for a run that knows that it did not: for one whose commit got no answer, the staged
 * objects may be all that readers have. Nothing is removed while `etl.json` names the run, or cannot be read. Best effort: what stays behind is outside every glob and every manifest.
 */
export async function abandonRun(store: ObjectStore, runId: string): Promise<void> {
  try {
    const { state } = await readState(store)
    if (state.run_id === runId || state.publishing?.run_id === runId) return
    for await (const { key } of store.list(`${STAGE_PREFIX}${runId}/`)) await store.delete(key)
  } catch {
    // the reason why the run failed matters more than what it leaves behind
  }
}
