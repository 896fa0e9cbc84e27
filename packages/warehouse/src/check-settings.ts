import type { Config } from '@dwh/config'
import { checkSource, openStorage } from './adapters/index.ts'
import { completeSurroundings, type WarehouseSurroundings } from './surroundings.ts'

/**
 * Makes sure that a storage and a source are named, and that their settings can be: for whoever opens them later.
 * Nothing is sent.
 * @throws DwhError CONFIG_INVALID
 */
export async function checkSettings(
  config: Config,
  needs: { readonly source: boolean },
  given: WarehouseSurroundings = {},
): Promise<void> {
  const surroundings = completeSurroundings(given)
  await openStorage(config, surroundings)
  if (needs.source) checkSource(config, surroundings)
}
