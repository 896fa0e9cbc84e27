import type { Config } from '@dwh/config'
import type { TableSchema } from '@dwh/core'
import {
  beginSnapshot,
  connect,
  hangUp,
  inspectServer,
  listTables,
  noAnswer,
  type PgClient,
  type TableActivity,
  tableActivity,
  within,
} from '@dwh/extract-postgres'
import { checkSource, sourceSecrets } from '../adapters/index.ts'
import { postgresOptions } from '../adapters/postgres-options.ts'
import { completeEnvironment, type WarehouseEnvironment } from '../environment.ts'
import type { OpenWarehouseOptions } from '../open-options.ts'

/** All that a proposal rests on. */
export interface SourceLook {
  /** `host:port`, or a socket. */
  readonly server: string
  readonly database: string
  readonly version: string
  /** The server's own. */
  readonly timeZone: string
  readonly tables: readonly TableSchema[]
  /** By the table's name; none for views and the like. */
  readonly activity: ReadonlyMap<string, TableActivity>
}

/** Statistics of 100,000 tables take seconds. */
const LOOK_TIMEOUT_MS = 120_000

/**
 * Reads the catalog and the statistics of the Postgres that the configuration names, on one connection. No table is
 * read.
 * @throws DwhError CONFIG_INVALID where none is named, and what connecting throws
 */
export async function lookAtSource(
  config: Config,
  { signal, onSecrets, ...given }: Pick<OpenWarehouseOptions, 'signal' | 'onSecrets'> & WarehouseEnvironment = {},
): Promise<SourceLook> {
  const environment = completeEnvironment(given)
  checkSource(config, environment)
  onSecrets?.(sourceSecrets(config.source, environment.env))
  const { client, server } = await connect(postgresOptions(config, environment), signal)
  const stop = () => hangUp(client)
  signal?.addEventListener('abort', stop)
  try {
    return await within(look(client, server, config), LOOK_TIMEOUT_MS, (ms) => noAnswer(server, ms))
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

async function look(client: PgClient, server: string, config: Config): Promise<SourceLook> {
  const { rows } = await client.query(`SELECT current_setting('TimeZone') AS zone`)
  const { database, version } = await inspectServer(client)
  await beginSnapshot(client, { lockTimeoutMs: config.lockTimeoutMs })
  const tables = await listTables(client)
  return { server, database, version, timeZone: rows[0].zone, tables, activity: await tableActivity(client) }
}
