export { abandonRun } from './abandon-run.ts'
export { type Cleaned, type CleanOptions, clean } from './clean.ts'
export { type Lease, type LeaseHolder, type LeaseOptions, takeLease, whileHeld } from './lease.ts'
export { FORMAT_VERSION, upgradeFooter } from './old-formats.ts'
export { parseManifest, parseRunRecord, parseState, serialise } from './parse-state.ts'
export {
  nextManifest,
  nextState,
  type Publication,
  type Published,
  publishRun,
  RETAINED_FOR_MS,
  stageFile,
} from './publish-run.ts'
export { EMPTY_STATE, readManifest, readState, type StoredState } from './read-state.ts'
export { readRecoveredState, rollForward } from './roll-forward.ts'
export { readRunRecords, recordFailure, writeRunRecord } from './run-records.ts'
export { untilWritten, writeState } from './write-state.ts'
