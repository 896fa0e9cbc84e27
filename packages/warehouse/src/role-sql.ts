import type { Config } from '@dwh/config'
import { connect, readOnlyRoleSql } from '@dwh/extract-postgres'
import { postgresOptions } from './adapters/postgres-options.ts'
import { checkSource, sourceSecrets } from './adapters/sources.ts'
import { READER } from './doctor/reader-role.ts'
import { completeEnvironment, type WarehouseEnvironment } from './environment.ts'
import type { OpenWarehouseOptions } from './open-options.ts'

/**
 * Returns the SQL that creates a read-only role in the configured Postgres.
 * @throws DwhError CONFIG_INVALID if no source is named, and the errors of connecting
 */
export async function readerRoleSql(
  config: Config,
  role: string = READER,
  { signal, onSecrets, ...given }: Pick<OpenWarehouseOptions, 'signal' | 'onSecrets'> & WarehouseEnvironment = {},
): Promise<string> {
  const environment = completeEnvironment(given)
  checkSource(config, environment)
  onSecrets?.(sourceSecrets(config.source, environment.env))
  const { client } = await connect(postgresOptions(config, environment), signal)
  try {
    return await readOnlyRoleSql(client, role)
  } finally {
    await client.end()
  }
}
