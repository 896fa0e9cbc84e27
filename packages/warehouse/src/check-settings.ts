import type { Config } from '@dwh/config'
import { checkSource, openStorage } from './adapters/index.ts'
import { completeEnvironment, type WarehouseEnvironment } from './environment.ts'

/**
 * Checks that the settings name a storage and a source and are valid, without opening them. For programs that open them
 * later. Sends no request.
 * @throws DwhError CONFIG_INVALID
 */
export async function checkSettings(
  config: Config,
  needs: { readonly source: boolean },
  given: WarehouseEnvironment = {},
): Promise<void> {
  const environment = completeEnvironment(given)
  await openStorage(config, environment)
  if (needs.source) checkSource(config, environment)
}
