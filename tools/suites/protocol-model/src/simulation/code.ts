/*
 * The code under test: the functions that the pipeline and `dwh prune` call. Flawed versions are bundled from this
 * file.
 */
export {
  clean,
  publishRun,
  putPart,
  readBase,
  readManifest,
  readMonths,
  readState,
  refreshCopies,
  serialise,
  takeLease,
  whileHeld,
} from '@dwh/metadata'
export { pruneWarehouse } from '../../../../../packages/maintenance/src/prune-warehouse.ts'
export { detectChanges } from '../../../../../packages/pipeline/src/detect-changes.ts'
export { failureOfRun, noteFailure } from '../../../../../packages/pipeline/src/note-failure.ts'
export { keptEntry } from '../../../../../packages/pipeline/src/table-entry.ts'
