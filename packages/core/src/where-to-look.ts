import { stageKey } from './lake.ts'
import type { EtlState, FileEntry } from './state.ts'

/**
 * Returns the keys where the bytes of a committed file can be, in the order to try them. Since version 4 that is its
 * key alone. Before, a file could be staged while its run was being published, or retained by a run that replaced it.
 */
export function whereToLook({ older }: Pick<EtlState, 'older'>, file: Pick<FileEntry, 'key' | 'sha256'>): string[] {
  if (older === undefined) return [file.key]
  const { publishing } = older
  const staged = publishing?.keys.includes(file.key) ? [stageKey(publishing.run_id, file.key)] : []
  const retained = older.retained
    .filter((one) => one.key === file.key && one.sha256 === file.sha256)
    .map((one) => one.retained_as)
  return [...staged, file.key, ...retained]
}
