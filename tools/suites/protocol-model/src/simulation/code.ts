/*
 * The code under test: the functions that the pipeline calls. Flawed versions are bundled from this file.
 */
export {
  clean,
  publishRun,
  readManifest,
  readRecoveredState,
  readState,
  stageFile,
  takeLease,
  whileHeld,
} from '@dwh/metadata'
export { failureOfRun, noteFailure } from '../../../../../packages/pipeline/src/note-failure.ts'
