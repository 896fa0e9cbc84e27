import type { Config } from '@dwh/config'
import { DwhError, isDwhError } from '@dwh/core'
import type { FullEnvironment } from '../environment.ts'
import type { SourceAdapter } from './adapter.ts'
import { byScheme, shownScheme } from './by-scheme.ts'
import { postgres } from './postgres.ts'

/** Every kind of source; the first is used if the URL has no scheme. */
const SOURCES: readonly [SourceAdapter, ...SourceAdapter[]] = [postgres]

/**
 * Checks that the settings name a source, of a supported kind.
 * @throws DwhError CONFIG_INVALID
 */
export function checkSource(config: Config, environment: FullEnvironment): void {
  if (!isSourceGiven(config, environment)) throw new DwhError('CONFIG_INVALID', NO_SOURCE, { hint: howToName() })
  if (config.source !== null) checkKind(config.source)
}

const NO_SOURCE = 'no source: name the Postgres to read'

/** Says how to name a source. */
function howToName(): string {
  return `Set DATABASE_URL=${SOURCES[0].example}, or the PG* variables, or source: in dwh.yaml.`
}

/** Refuses another database, and an address without its scheme. */
function checkKind(source: string): void {
  const scheme = schemeOf(source)
  if (scheme === null) {
    // `keyword=value` pairs, as libpq reads them
    if (source.includes('=')) return
    // other text may be a password
    const address = /^(?:localhost(?::\d{1,5})?|[\w-]+(?:\.[\w-]+)+:\d{1,5})(?:\/[\w-]+)?$/.test(source)
    throw new DwhError('CONFIG_INVALID', 'source: it must begin with postgres:// or with keyword=', {
      hint: address
        ? `Did you mean postgres://${source}?`
        : `Put postgres:// in front of an address: ${SOURCES[0].example}.`,
    })
  }
  if (SOURCES.some(({ schemes }) => schemes.includes(scheme))) return
  throw new DwhError('CONFIG_INVALID', `source: ${shownScheme(`${scheme}://`)} is not a supported kind of source`, {
    hint: `Give ${SOURCES.map(({ example }) => example).join(', or ')}.`,
  })
}

/** Whether the settings or the environment name a source. */
export function isSourceGiven({ source }: Config, environment: FullEnvironment): boolean {
  return source !== null || SOURCES.some((adapter) => adapter.isGiven(environment))
}

export interface NoSource {
  readonly found: string
  /** How to set one. */
  readonly fix: string
}

/**
 * Returns why there is no source to read; null if there is one. A machine that only queries has none, or a
 * configuration file that takes it from a variable which is not set there.
 */
export function whyNoSource(config: Config, environment: FullEnvironment): NoSource | null {
  try {
    return isSourceGiven(config, environment) ? null : { found: 'no source is set', fix: howToName() }
  } catch (error) {
    if (isDwhError(error, 'CONFIG_INVALID')) return { found: error.message, fix: error.hint ?? howToName() }
    throw error
  }
}

/** Returns the secrets of a source, from its URL and the environment, which no message may show. */
export function sourceSecrets(source: string | null, env: FullEnvironment['env']): readonly string[] {
  return SOURCES.flatMap((adapter) => adapter.secrets(source, env))
}

/** Returns the adapter of the source that the configuration names. */
export function sourceAdapter({ source }: Config): SourceAdapter {
  const scheme = schemeOf(source ?? '') ?? ''
  return byScheme(SOURCES, scheme, `${scheme}://`) ?? SOURCES[0]
}

/** The scheme of a URL; of `jdbc:postgresql://` both words. Null for any other text. */
function schemeOf(source: string): string | null {
  return /^\s*([a-z][a-z0-9+.-]*(?::[a-z]+)?):\/\//i.exec(source)?.[1] ?? null
}
