export { type Cleaned, type CleanOptions, clean } from './clean.ts'
export { type Lease, type LeaseHolder, type LeaseOptions, takeLease, whileHeld } from './lease.ts'
export { countRows, nextState, withDays } from './next-state.ts'
export { FORMAT_VERSION, upgradeFooter } from './old-formats.ts'
export { parseManifest, parseMonthIndex, parseRunRecord, parseState, serialise } from './parse-state.ts'
export { monthEndDays, type PlainCopy, plainCopiesOf } from './plain-copies.ts'
export type { Publication } from './publication.ts'
export { type Published, type PublishOptions, publishRun, putPart } from './publish-run.ts'
export {
  type ChangedMonths,
  type DayFiles,
  dayFiles,
  daysOf,
  type MonthDays,
  putManifest,
  putMonths,
} from './put-lists.ts'
export { filesOfDay, listDays, readManifest, readManifestAt, readMonth, readMonths } from './read-days.ts'
export { EMPTY_STATE, readState, type StoredState } from './read-state.ts'
export { RETAINED_FOR_MS, type RefreshOptions, refreshCopies } from './refresh-copies.ts'
export { compactRecords, readRecords, readRunRecords, recordFailure, writeRunRecord } from './run-records.ts'
export { isSameVersion } from './same-version.ts'
export { readBase } from './take-over.ts'
export { ifDenied, ifUnreadable, isUnreadable } from './unreadable.ts'
export { untilWritten, writeState } from './write-state.ts'
