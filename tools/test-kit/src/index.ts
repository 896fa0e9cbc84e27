export { type Child, childProgram, startChild } from './child-program.ts'
export { temporaryFolder } from './temporary-folder.ts'
export { createDatabase, type TestDatabase, testDatabase, withClient } from './test-database.ts'
export { POSTGRES_VERSIONS, type PostgresVersion, startTestServer, type TestServerOptions } from './test-server.ts'
