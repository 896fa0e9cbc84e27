export { findBinaries, installBinaries } from './install-binaries.ts'
export { type PostgresServer, type PostgresServerOptions, startPostgresServer } from './start-server.ts'
