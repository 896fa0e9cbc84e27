import { type Config, configOf, type WarehouseSettings } from '@dwh/config'
import { openStorage } from './adapters/index.ts'
import { completeEnvironment } from './environment.ts'
import type { OpenWarehouseOptions } from './open-options.ts'
import type { Warehouse } from './warehouse.ts'

/**
 * Opens a warehouse by its settings, as in `dwh.yaml` or as `loadConfig` returns them, or by the path or URL of its
 * storage alone. Reads and sends nothing yet. The first call loads DuckDB and the drivers.
 *
 * @example
 * const warehouse = await openWarehouse({ source: process.env.DATABASE_URL, storage: 's3://bucket/prefix' })
 * await warehouse.run()
 * const session = await warehouse.session()
 * console.log(await session.queryAll('SELECT count(*) FROM customers'))
 * await session.close()
 * await warehouse.close()
 *
 * @throws DwhError CONFIG_INVALID
 */
export async function openWarehouse(
  settings: string | WarehouseSettings | Config,
  options: OpenWarehouseOptions = {},
): Promise<Warehouse> {
  const environment = completeEnvironment(options)
  const config = isConfig(settings)
    ? settings
    : await configOf(typeof settings === 'string' ? { storage: settings } : settings, environment)
  const { OpenedWarehouse } = await import('./opened-warehouse.ts')
  const opened = await openStorage(config, environment, options.retry)
  options.onSecrets?.(opened.secrets)
  return new OpenedWarehouse({ config, environment, opened, options })
}

function isConfig(settings: string | WarehouseSettings | Config): settings is Config {
  return typeof settings === 'object' && 'selection' in settings
}
