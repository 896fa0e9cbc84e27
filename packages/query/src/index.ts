export type { ParameterValue, QueryParameters } from './bind-parameters.ts'
export { type BucketAccess, bucketSecretSql } from './bucket-secret.ts'
export { type CachedFilesOptions, cachedFiles, DEFAULT_CACHE_BYTES } from './cached-files.ts'
export { duckdbVersion } from './duckdb-version.ts'
export {
  EXTENSIONS,
  type ExtensionInfo,
  type ExtensionName,
  type ExtensionOptions,
  installExtension,
  listExtensions,
} from './extensions.ts'
export {
  DEFAULT_MAX_ROWS,
  EXPORT_FORMATS,
  type ExportFormat,
  type FormatOptions,
  RESULT_FORMATS,
  type ResultFormat,
} from './format/format-options.ts'
export { formatResult } from './format/format-result.ts'
export { instantText } from './format/instant-text.ts'
export { cutText, wrapWords } from './format/text-width.ts'
export { type TimeZone, timeZone } from './format/time-zone.ts'
export { valueJson, valueText } from './format/value-text.ts'
export type { HttpfsOptions } from './httpfs.ts'
export {
  type CommittedFiles,
  type FileInPlace,
  type LocalFilesOptions,
  localFiles,
  type OpenFile,
} from './local-files.ts'
export { type OpenSessionOptions, openSession } from './open-session.ts'
export type { QueryResult, ResultColumn } from './query-result.ts'
export { type RememberingStoreOptions, rememberingStore } from './remembering-store.ts'
export { type Row, type RowValue, rowValues } from './row-values.ts'
export type { ExportOptions, RunQueryOptions, Session, StatementKind, WholeResult } from './session.ts'
export { type TakenStatements, takeStatements } from './split-statements.ts'
export { tableDdl } from './table-ddl.ts'
export { type VerifiedFiles, verifiedInFolder, verifiedInMemory } from './verified-files.ts'
export { selectFiles } from './view-sql.ts'
export { type ViewsAbout, viewsSql } from './views-script.ts'
