export type { CellValue, Row, RowBatch } from './cell-value.ts'
export { assignColumnIds, highestColumnId } from './column-ids.ts'
export { type ColumnType, elementType, isColumnType, type ScalarType } from './column-type.ts'
export { type ColumnTypeRow, columnTypeRow, isContinuous, isLongText } from './column-types.ts'
export { type Day, dayAt, daysBefore, parseAsOf, parseDay } from './day.ts'
export {
  CHANGE_REASONS,
  type ChangeReason,
  type ChangeReasonId,
  type Detection,
  type DetectionState,
  type EarlierRows,
  type ReadReason,
  type ReadReasonId,
} from './detection.ts'
export { didYouMean, editSteps, nearest } from './did-you-mean.ts'
export { type EndRequests, endRequests } from './end-requests.ts'
export {
  DWH_ERROR_CODES,
  DwhError,
  type DwhErrorCode,
  type DwhErrorContext,
  type DwhErrorOptions,
  isDwhError,
  throwIfAborted,
} from './errors.ts'
export type { OnEvent, RunEvent } from './events.ts'
export { honoursConditions } from './honours-conditions.ts'
export { type Interruptible, interruptible } from './interruptible.ts'
export {
  DAYS_PREFIX,
  dayManifestDay,
  dayManifestKey,
  dayRecordsKey,
  encodeName,
  formatRunId,
  GENERATIONS_PREFIX,
  INCOMING_PREFIX,
  INDEX_PREFIX,
  isInternal,
  LEASE_KEY,
  type Month,
  manifestDay,
  manifestKey,
  monthIndexKey,
  monthOf,
  PARTS_PREFIX,
  PROBE_PREFIX,
  partKey,
  plainCopyKey,
  RETAINED_PREFIX,
  type RecordsKey,
  RUNS_PREFIX,
  recordsKey,
  runRecordKey,
  runStartedAt,
  SNAPSHOTS_PREFIX,
  STAGE_PREFIX,
  STATE_KEY,
  stagedKey,
  stageKey,
  tableFileDay,
  tableFileKey,
  tableSegment,
  writtenBy,
} from './lake.ts'
export { type ColumnChoice, encodingOf, type LossyConversion, STORE_AS, type StoreAs } from './lossy-conversion.ts'
export type { Measure } from './measure.ts'
export type {
  ObjectInfo,
  ObjectStore,
  PutCondition,
  PutFileOptions,
  ReadOptions,
  StoredObject,
} from './object-store.ts'
export { printable } from './printable.ts'
export {
  type FolderUse,
  folderOwner,
  isOrphan,
  processName,
  temporaryFolderName,
  temporaryName,
  whereIs,
} from './process-name.ts'
export {
  type ColumnProof,
  HASHED_CELL_BYTES,
  measuresOf,
  type ProofLevel,
  proofDifferences,
  type TableProof,
} from './proof.ts'
export { type Misreading, misreadsType, READERS, type Reader, type ReaderGap, readerGaps } from './readers.ts'
export { emptyRecord, own } from './records.ts'
export { hasCredentials, holdsSecret, looksLikeKey, secretsIn } from './secret-text.ts'
export type { CopyPolicy, ExtractSetting, OnTableError, SelectionSettings, TableSettings } from './settings.ts'
export { sizeOfFiles } from './size-of-files.ts'
export type {
  BulkText,
  Denied,
  DetectionRequest,
  DuckDBReader,
  ExtractionMethod,
  NativeData,
  NativeQuery,
  ProfileOptions,
  ReadTableOptions,
  RowData,
  SnapshotInfo,
  Source,
  SourceColumn,
  SourceIdentity,
  SourceSnapshot,
  TableData,
  TableNote,
  TableProfile,
  TableSchema,
  TriedRead,
  TriedTable,
  TryLimits,
} from './source.ts'
export { hasSpecialValues, type SpecialValues } from './special-values.ts'
export { quoteIdentifier, quoteLiteral } from './sql.ts'
export type {
  ColumnEntry,
  DayManifest,
  DayRecords,
  EtlState,
  FailedTable,
  FailureEntry,
  FileEntry,
  FileFooter,
  IndexedDay,
  IndexRoot,
  MonthIndex,
  ObjectRef,
  OlderState,
  ProofEntry,
  RetiredGroup,
  RunOfAll,
  RunRecord,
  RunRecordTable,
  TableDetection,
  TableEntry,
} from './state.ts'
export { FOOTER_KEY } from './state.ts'
export {
  DEFAULT_SCHEMA,
  exactPattern,
  formatTableName,
  isExactPattern,
  matchesTable,
  parseTableName,
  type TableName,
} from './table-name.ts'
export { type TakenAt, takenAtOf } from './taken-at.ts'
export { formatAge, formatBytes, formatCount, formatDuration, plural } from './units.ts'
export { type Wait, type WaitOptions, wait } from './wait.ts'
export { whereToLook } from './where-to-look.ts'
export { type StoreOverrides, wrapStore } from './wrap-store.ts'
