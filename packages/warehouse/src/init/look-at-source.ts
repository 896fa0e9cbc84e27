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
import { postgresOptions } from '../adapters/postgres-options.ts'
import { checkSource, sourceSecrets } from '../adapters/sources.ts'
import { completeEnvironment, type WarehouseEnvironment } from '../environment.ts'
import type { OpenWarehouseOptions } from '../open-options.ts'

/** The facts about a source that a proposal is based on. */
export interface SourceLook {
  /** `host:port`, or a socket. */
  readonly server: string
  readonly database: string
  readonly version: string
  /** Time zone of the server. */
  readonly timeZone: string
  readonly tables: readonly TableSchema[]
  /** Statistics by table name; views and similar relations have none. */
  readonly activity: ReadonlyMap<string, TableActivity>
}

/** Reading the statistics of 100,000 tables takes seconds. */
const LOOK_TIMEOUT_MS = 120_000

/**
 * Reads the catalog and the statistics of the configured Postgres, on one connection. Reads no table.
 * @throws DwhError CONFIG_INVALID if no source is named, and the errors of connecting
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
