export {
  type Config,
  type ConfigFlags,
  configSchema,
  defaultText,
  type Environment,
  loadConfig,
  OTHER_VARIABLES,
  plain,
  putTogether,
  type ScheduleValues,
  SETTINGS,
  type Setting,
  settingMeaning,
  settingsHelp,
  type WarehouseSettings,
} from '@dwh/config'
export { formatAge, formatBytes, formatCount, formatDuration, plural } from '@dwh/core'
export type { KeepRule, KeptDay, PruneDay, PruneReport, RepairReport, Retention, VerifyReport } from '@dwh/maintenance'
export {
  type MisreadColumn,
  misreadColumns,
  misreadingText,
  type PlanNote,
  type RunPlan,
  type RunReport,
  type SourceSettings,
  type TablePlan,
  type TableResult,
} from '@dwh/pipeline'
export {
  cutText,
  duckdbVersion,
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportOptions,
  type ExtensionName,
  formatResult,
  installExtension,
  instantText,
  listExtensions,
  type ParameterValue,
  type QueryParameters,
  type QueryResult,
  RESULT_FORMATS,
  type ResultFormat,
  type Row,
  type RowValue,
  type RunQueryOptions,
  rowValues,
  type Session,
  type StatementKind,
  type TimeZone,
  tableDdl,
  takeStatements,
  timeZone,
  valueJson,
  valueText,
  wrapWords,
} from '@dwh/query'
export { BUCKET_ROLES, type BucketRole } from '@dwh/storage'
export type { RetryOptions } from './adapters/adapter.ts'
export { sourceSecrets } from './adapters/sources.ts'
export { checkSettings } from './check-settings.ts'
export type { DayChanges, DayDescription } from './describe-days.ts'
export { attempt, CHECKS, type CheckId, type Finding, ok, type Status, skip } from './doctor/finding.ts'
export { READER } from './doctor/reader-role.ts'
export type { WarehouseEnvironment } from './environment.ts'
export type { ExportedFile, TableExport } from './export/table-export.ts'
export { lookAtSource, type SourceLook } from './init/look-at-source.ts'
export { type Proposal, propose } from './init/propose.ts'
export { configText, type Places } from './init/write-config.ts'
export { knownNames } from './known-names.ts'
export type { WarehouseSize } from './measure-warehouse.ts'
export type { OpenWarehouseOptions } from './open-options.ts'
export { openWarehouse } from './open-warehouse.ts'
export { pathOf } from './path-of.ts'
export type { ViewsScript } from './print-views.ts'
export type { TablesOf } from './read-tables.ts'
export type {
  ExportRequest,
  PlanRequest,
  PruneRequest,
  RepairRequest,
  RunRequest,
  SessionRequest,
  VerifyRequest,
  ViewsRequest,
} from './requests.ts'
export { readerRoleSql } from './role-sql.ts'
export type { Warehouse, WarehouseSession } from './warehouse.ts'
export { openWholeFile, type WholeFile, type WholeFileOptions } from './whole-file.ts'
