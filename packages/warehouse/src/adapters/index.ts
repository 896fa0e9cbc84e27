import type { Config } from '@dwh/config'
import { DwhError } from '@dwh/core'
import type { FullEnvironment } from '../environment.ts'
import type { OpenedStorage, RetryOptions, SourceAdapter, StorageAdapter } from './adapter.ts'
import { folder } from './folder.ts'
import { https } from './https.ts'
import { postgres } from './postgres.ts'
import { s3 } from './s3.ts'

/** Every kind of storage. What has no scheme is the path of a folder. */
const STORAGES: readonly StorageAdapter[] = [folder, s3, https]

/** Every kind of source; the first is meant where no scheme says which. */
const SOURCES: readonly [SourceAdapter, ...SourceAdapter[]] = [postgres]

/**
 * Opens the storage that the configuration names. Nothing is sent to it.
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
  throw new DwhError('CONFIG_INVALID', `storage: ${shown(given ?? '')} is no kind of storage that this version knows`, {
    hint: `Give ${STORAGES.map(({ example }) => example).join(', or ')}.`,
  })
}

/**
 * Makes sure that there is a source to read.
 * @throws DwhError CONFIG_INVALID
 */
export function checkSource(config: Config, environment: FullEnvironment): void {
  if (isSourceGiven(config, environment)) return
  throw new DwhError('CONFIG_INVALID', 'no source: which Postgres should be read?', {
    hint: `Set DATABASE_URL=${SOURCES[0].example}, or the PG* variables, or source: in dwh.yaml.`,
  })
}

/** Whether the settings name a source, or the environment do. */
export function isSourceGiven({ source }: Config, environment: FullEnvironment): boolean {
  return source !== null || SOURCES.some((adapter) => adapter.isGiven(environment))
}

/** What must never be shown of a source, given by its URL or in the environment. */
export function sourceSecrets(source: string | null, env: FullEnvironment['env']): readonly string[] {
  return SOURCES.flatMap((adapter) => adapter.secrets(source, env))
}

/** The adapter of the source that the configuration names. */
export function sourceAdapter({ source }: Config): SourceAdapter {
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source ?? '') ?? []
  return byScheme(SOURCES, scheme, `${scheme}://`) ?? SOURCES[0]
}

/** By its scheme in small letters, and with both slashes: `s3:/bucket` is mistyped. */
function byScheme<T extends { readonly schemes: readonly string[] }>(
  adapters: readonly T[],
  scheme: string,
  given: string,
): T | undefined {
  return given.endsWith('//') ? adapters.find(({ schemes }) => schemes.includes(scheme)) : undefined
}

/** That of some other storage or server; not what may be a key, or a user before a password. */
function shown(given: string): string {
  const known = /^(https?|ftp|sftp|gs|gcs|az|abfss?|wasbs?|r2|b2|hdfs|s3a?|file|postgres(ql)?|mysql|mongodb):/i.test(
    given,
  )
  return known ? given : 'that'
}
