export type {
  ConnectionEnvironment,
  ConnectionInput,
  ConnectionKeywords,
  FileMode,
  ResolvedConnection,
} from '@dwh/libpq-settings'
export { systemEnvironment } from '@dwh/libpq-settings'
export { inspectServer, readOnlyRoleSql, type ServerReport } from './catalog/inspect-server.ts'
export { listTables, type PgColumn, type PgTable } from './catalog/list-tables.ts'
export type { PgType } from './catalog/pg-type.ts'
export { mapType } from './catalog/pg-types.ts'
export { type TableActivity, tableActivity } from './catalog/table-activity.ts'
export type { TypeMapping } from './catalog/type-mapping.ts'
export { postgresSource } from './postgres-source.ts'
export type { PostgresSourceOptions } from './postgres-source-options.ts'
export { type CopyTableOptions, copyTable } from './read/copy-table.ts'
export { lockTable } from './read/lock-table.ts'
export { type ReadableTable, type ReadRowsOptions, readRows } from './read/read-rows.ts'
export { type ConnectOptions, connect, type PostgresConnection } from './session/connect.ts'
export type { PgClient } from './session/pg-client.ts'
export { type BeginSnapshotOptions, beginSnapshot, exportSnapshot } from './session/session.ts'
export { noAnswer } from './session/watch-silence.ts'
export { hangUp, within } from './session/within.ts'
