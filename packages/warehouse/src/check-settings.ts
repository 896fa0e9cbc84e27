import type { Config } from '@dwh/config'
import { openStorage } from './adapters/index.ts'
import { completeEnvironment, type WarehouseEnvironment } from './environment.ts'

/**
 * Checks that the settings name a storage and a source and are valid, without opening them. For programs that open them
 * later. `source: 'if set'` accepts settings without one. Sends no request.
 * @throws DwhError CONFIG_INVALID
 */
export async function checkSettings(
  config: Config,
  needs: { readonly source: boolean | 'if set' },
  given: WarehouseEnvironment = {},
): Promise<void> {
  const environment = completeEnvironment(given)
  await openStorage(config, environment)
  if (!needs.source) return
  const { checkSource, whyNoSource } = await import('./adapters/sources.ts')
  if (needs.source === 'if set' && whyNoSource(config, environment) !== null) return
  checkSource(config, environment)
}
