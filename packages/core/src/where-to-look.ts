import { stageKey } from './lake.ts'
import type { EtlState, FileEntry } from './state.ts'

/**
 * Returns the keys where the bytes of a committed file can be, in the order to try them: staged while their run is
 * being published, then final, then retained by a run that replaced them. When no key has the bytes, `etl.json` has
 * changed: read it again, and look again.
 */
export function whereToLook(
  state: Pick<EtlState, 'publishing' | 'retained'>,
  file: Pick<FileEntry, 'key' | 'sha256'>,
): string[] {
  const { publishing } = state
  const staged = publishing?.keys.includes(file.key) ? [stageKey(publishing.run_id, file.key)] : []
  const retained = state.retained
    .filter((k) => k.key === file.key && k.sha256 === file.sha256)
    .map((k) => k.retained_as)
  return [...staged, file.key, ...retained]
}
