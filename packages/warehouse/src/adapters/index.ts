import type { Config } from '@dwh/config'
import { DwhError } from '@dwh/core'
import type { FullEnvironment } from '../environment.ts'
import type { OpenedStorage, RetryOptions, SourceAdapter, StorageAdapter } from './adapter.ts'
import { folder } from './folder.ts'
import { https } from './https.ts'
import { postgres } from './postgres.ts'
import { s3 } from './s3.ts'

/** Every kind of storage. A value without a scheme is the path of a folder. */
const STORAGES: readonly StorageAdapter[] = [folder, s3, https]

/** Every kind of source; the first is used if the URL has no scheme. */
const SOURCES: readonly [SourceAdapter, ...SourceAdapter[]] = [postgres]

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
  throw new DwhError('CONFIG_INVALID', `storage: ${shown(given ?? '')} is not a supported kind of storage`, {
    hint: `Give ${STORAGES.map(({ example }) => example).join(', or ')}.`,
  })
}

/**
 * Checks that the settings name a source.
 * @throws DwhError CONFIG_INVALID
 */
export function checkSource(config: Config, environment: FullEnvironment): void {
  if (isSourceGiven(config, environment)) return
  throw new DwhError('CONFIG_INVALID', 'no source: name the Postgres to read', {
    hint: `Set DATABASE_URL=${SOURCES[0].example}, or the PG* variables, or source: in dwh.yaml.`,
  })
}

/** Whether the settings or the environment name a source. */
export function isSourceGiven({ source }: Config, environment: FullEnvironment): boolean {
  return source !== null || SOURCES.some((adapter) => adapter.isGiven(environment))
}

/** Returns the secrets of a source, from its URL and the environment, which no message may show. */
export function sourceSecrets(source: string | null, env: FullEnvironment['env']): readonly string[] {
  return SOURCES.flatMap((adapter) => adapter.secrets(source, env))
}

/** Returns the adapter of the source that the configuration names. */
export function sourceAdapter({ source }: Config): SourceAdapter {
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source ?? '') ?? []
  return byScheme(SOURCES, scheme, `${scheme}://`) ?? SOURCES[0]
}

/** Finds an adapter by its scheme, in lower case and with both slashes: `s3:/bucket` is a typing mistake. */
function byScheme<T extends { readonly schemes: readonly string[] }>(
  adapters: readonly T[],
  scheme: string,
  given: string,
): T | undefined {
  return given.endsWith('//') ? adapters.find(({ schemes }) => schemes.includes(scheme)) : undefined
}

/** Shows the scheme of a known storage or server only: other text may be a key, or a user before a password. */
function shown(given: string): string {
  const known = /^(https?|ftp|sftp|gs|gcs|az|abfss?|wasbs?|r2|b2|hdfs|s3a?|file|postgres(ql)?|mysql|mongodb):/i.test(
    given,
  )
  return known ? given : 'this'
}
