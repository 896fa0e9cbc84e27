import { join } from 'node:path'
import type { Config } from '@dwh/config'
import { listDays, readState } from '@dwh/metadata'
import { rememberingStore } from '@dwh/query'
import { openStorage } from './adapters/index.ts'
import { completeEnvironment, type WarehouseEnvironment } from './environment.ts'

/**
 * Returns the names of the tables, or the days, for a shell to complete. Reads a folder, and of a bucket what was last
 * read of it on this machine; asks the bucket only for what is not known here, for at most `timeoutMs`. Loads no
 * DuckDB.
 * @throws DwhError, also when the bucket does not answer in time
 */
export async function knownNames(
  config: Config,
  what: 'tables' | 'days',
  { timeoutMs, ...given }: WarehouseEnvironment & { readonly timeoutMs: number },
): Promise<string[]> {
  const { store, at } = await openStorage(config, completeEnvironment(given), { attempts: 1 })
  const signal = AbortSignal.timeout(timeoutMs)
  const known = store.localPath
    ? store
    : rememberingStore({ store, at, folder: join(config.cache, 'remembered'), onAway: () => {}, first: 'folder' })
  const { state } = await readState(known, { signal })
  if (what === 'days') return listDays(known, state, { signal })
  return Object.keys(state.tables).sort()
}
