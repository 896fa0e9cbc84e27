import { findBinaries, type PostgresServer, startPostgresServer } from '@dwh/postgres-server'

/** The major versions that all tests support. */
export const POSTGRES_VERSIONS = [15, 16, 17, 18] as const
export type PostgresVersion = (typeof POSTGRES_VERSIONS)[number]

export const NEWEST: PostgresVersion = 18

export interface TestServerOptions {
  readonly folder: string
  readonly version?: PostgresVersion
  readonly settings?: Readonly<Record<string, string>>
  /** A fixed port. Default: any free one. */
  readonly port?: number
}

/** Returns the folder of a major version's programs. */
export function serverPrograms(version: PostgresVersion): string {
  const native = findBinaries(import.meta.url, `postgres-${version}`)
  if (!native) throw new Error(`the Postgres ${version} of the tests is not installed: run pnpm install`)
  return native
}

/** Starts a server of one major version, tuned for tests: it does not sync to disk. */
export function startTunedServer(options: TestServerOptions): Promise<PostgresServer> {
  return startPostgresServer({
    native: serverPrograms(options.version ?? NEWEST),
    folder: options.folder,
    ...(options.port === undefined ? {} : { port: options.port }),
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      max_prepared_transactions: '4',
      ...options.settings,
    },
  })
}
