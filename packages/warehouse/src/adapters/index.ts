import type { Config } from '@dwh/config'
import { DwhError } from '@dwh/core'
import type { FullEnvironment } from '../environment.ts'
import type { OpenedStorage, RetryOptions, StorageAdapter } from './adapter.ts'
import { byScheme, shownScheme } from './by-scheme.ts'
import { folder } from './folder.ts'
import { https } from './https.ts'
import { s3 } from './s3.ts'

/** Every kind of storage. A value without a scheme is the path of a folder. */
const STORAGES: readonly StorageAdapter[] = [folder, s3, https]

/**
 * Opens the storage that the configuration names. Sends no request.
 * @throws DwhError CONFIG_INVALID
 */
export async function openStorage(
  config: Config,
  environment: FullEnvironment,
  retry: RetryOptions = {},
): Promise<OpenedStorage> {
  const { storage } = config
  const [given, scheme] = /^([a-z][a-z0-9+.-]+):\/(?:\/)?/i.exec(storage) ?? []
  const found = scheme === undefined ? folder : byScheme(STORAGES, scheme, given ?? '')
  if (found) return found.open(storage, config, environment, retry)
  throw new DwhError('CONFIG_INVALID', `storage: ${shownScheme(given ?? '')} is not a supported kind of storage`, {
    hint: `Give ${STORAGES.map(({ example }) => example).join(', or ')}.`,
  })
}
