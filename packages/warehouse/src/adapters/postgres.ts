import { secretsIn } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { checkPostgres } from '../doctor/check-postgres.ts'
import type { SourceAdapter } from './adapter.ts'
import { postgresOptions } from './postgres-options.ts'

/** The environment names a server if one of these variables is set. */
const VARIABLES = ['PGSERVICE', 'PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGUSER', 'PGDATABASE', 'PGPASSWORD']

/** A Postgres, by its URL, by `key=value` pairs, or by the PG* variables. */
export const postgres: SourceAdapter = {
  schemes: ['postgres', 'postgresql'],
  example: 'postgres://user:password@host:5432/database',
  isGiven: ({ env }) => VARIABLES.some((name) => env[name]),
  secrets: (url, env) => [...secretsIn(url ?? ''), ...(env.PGPASSWORD ? [env.PGPASSWORD] : [])],
  check: checkPostgres,
  open: (config, environment, onNote) =>
    postgresSource({
      ...postgresOptions(config, environment),
      parallel: config.parallel,
      lockTimeoutMs: config.lockTimeoutMs,
      onBlockedDdl: config.onBlockedDdl,
      maxSnapshotAgeMs: config.maxSnapshotAgeMs,
      onNote,
    }),
}
