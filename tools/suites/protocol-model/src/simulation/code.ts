/*
 * The code that is put to the test: what the pipeline calls of it. Bundled from here when a flaw is put into it.
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
