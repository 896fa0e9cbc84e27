import { configInvalid } from './config-invalid.ts'
import type { ConnectionEnvironment } from './connection-environment.ts'
import { findPasswords } from './find-passwords.ts'
import { type ConnectionInput, gatherSettings } from './gather-settings.ts'
import { readChoice, readInteger, readText } from './read-value.ts'
import { refuseUnsupported } from './refuse-unsupported.ts'
import { type AuthMethod, readRequireAuth } from './require-auth.ts'
import { type HostPlace, resolveHosts } from './resolve-hosts.ts'
import type { Settings } from './setting.ts'
import { resolveTls, type TlsSettings } from './tls-settings.ts'

export interface ResolvedHost extends HostPlace {
  /** Password for this host, from the place where libpq would find it; absent if there is none. */
  readonly password?: string
}

const SESSION_ATTRIBUTES = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const
export type TargetSessionAttrs = (typeof SESSION_ATTRIBUTES)[number]

/** Everything that is known about a connection before it is opened. It contains passwords: do not print it. */
export interface ResolvedConnection extends TlsSettings {
  /** In the order to try, never empty. */
  readonly hosts: readonly ResolvedHost[]
  readonly user: string
  readonly database: string
  /** `random`: the caller has to shuffle the hosts. */
  readonly loadBalanceHosts: 'disable' | 'random'
  readonly targetSessionAttrs: TargetSessionAttrs
  /**
   * Authentication methods that the server may use; null for any. The caller has to enforce this, see
   * `readRequireAuth`.
   */
  readonly requireAuth: readonly AuthMethod[] | null
  /** Timeout for each host; null for no limit. */
  readonly connectTimeoutSeconds: number | null
  readonly keepalives: boolean
  /** Null, here and below: the default of the system. */
  readonly keepalivesIdleSeconds: number | null
  readonly keepalivesIntervalSeconds: number | null
  readonly keepalivesCount: number | null
  readonly applicationName: string | null
  /** Command-line options for the server, as `-c name=value`. */
  readonly options: string | null
  /** Settings that were ignored and similar surprises; no secrets. */
  readonly notes: readonly string[]
}

/**
 * Determines how to connect as libpq 18 would, without connecting. `input` takes precedence over the service file, that
 * over the PG* variables, and those over the defaults.
 *
 * @example
 * resolveConnection('postgres://me@db1,db2/sales?sslmode=verify-full', environment).hosts
 * // [{ host: 'db1', port: 5432 }, { host: 'db2', port: 5432 }]
 *
 * @throws DwhError CONFIG_INVALID for settings that libpq refuses, and for unsupported settings without which the
 * connection would be less safe than requested; no message contains a password or a URI
 */
export function resolveConnection(input: ConnectionInput, environment: ConnectionEnvironment): ResolvedConnection {
  const settings = gatherSettings(input, environment)
  const notes: string[] = []
  const places = resolveHosts(settings, environment)
  const user = readText(settings, 'user') ?? environment.user
  if (!user) throw configInvalid('the source: no user', 'Set it: user=..., postgres://user@host, or PGUSER.')
  const database = readText(settings, 'dbname') ?? user
  refuseUnsupported(settings, places, notes)
  const found = findPasswords(places, { user, database }, settings, environment)
  const hosts = places.map((place, index) => {
    const password = found.passwords[index] ?? null
    return password === null ? place : { ...place, password }
  })
  return {
    hosts,
    user,
    database,
    ...resolveTls(settings, places, environment, notes),
    loadBalanceHosts: readChoice(settings, 'load_balance_hosts', ['disable', 'random']) ?? 'disable',
    targetSessionAttrs: readChoice(settings, 'target_session_attrs', SESSION_ATTRIBUTES) ?? 'any',
    requireAuth: readRequireAuth(settings),
    connectTimeoutSeconds: positive(readInteger(settings, 'connect_timeout')),
    ...readKeepalives(settings),
    applicationName: readText(settings, 'application_name') ?? readText(settings, 'fallback_application_name'),
    options: readText(settings, 'options'),
    notes: [...found.notes, ...notes],
  }
}

function readKeepalives(
  settings: Settings,
): Pick<ResolvedConnection, 'keepalives' | 'keepalivesIdleSeconds' | 'keepalivesIntervalSeconds' | 'keepalivesCount'> {
  return {
    keepalives: readInteger(settings, 'keepalives') !== 0,
    keepalivesIdleSeconds: positive(readInteger(settings, 'keepalives_idle')),
    keepalivesIntervalSeconds: positive(readInteger(settings, 'keepalives_interval')),
    keepalivesCount: positive(readInteger(settings, 'keepalives_count')),
  }
}

/** In libpq, zero and less mean the default. */
function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null
}
