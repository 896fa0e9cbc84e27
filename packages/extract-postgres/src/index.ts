export { type ConnectOptions, connect, type PostgresConnection } from './connect.ts'
export { type CopyTableOptions, copyTable } from './copy-table.ts'
export { inspectServer, readOnlyRoleSql, type ServerReport } from './inspect-server.ts'
export type {
  ConnectionInput,
  ConnectionKeywords,
  ConnectionRoom,
  FileMode,
  ResolvedConnection,
} from './libpq/index.ts'
export { listTables, type PgColumn, type PgTable } from './list-tables.ts'
export { lockTable } from './lock-table.ts'
export type { PgClient } from './pg-client.ts'
export { mapType, type PgType, type TypeMapping } from './pg-types.ts'
export { postgresSource } from './postgres-source.ts'
export type { PostgresSourceOptions } from './postgres-source-options.ts'
export { type ReadableTable, type ReadRowsOptions, readRows } from './read-rows.ts'
export { type BeginSnapshotOptions, beginSnapshot, exportSnapshot } from './session.ts'
export { systemRoom } from './system-room.ts'
export { type TableActivity, tableActivity } from './table-activity.ts'
export { noAnswer } from './watch-silence.ts'
export { hangUp, within } from './within.ts'
