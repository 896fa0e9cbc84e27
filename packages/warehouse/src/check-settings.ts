import type { Config } from '@dwh/config'
import { checkSource, openStorage } from './adapters/index.ts'
import { completeEnvironment, type WarehouseEnvironment } from './environment.ts'

/**
 * Makes sure that a storage and a source are named, and that their settings can be: for whoever opens them later.
 * Nothing is sent.
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
