import { configInvalid, shown } from './config-invalid.ts'
import type { ConnectionEnvironment } from './connection-environment.ts'
import { readChoice, readText } from './read-value.ts'
import type { HostPlace } from './resolve-hosts.ts'
import { isUnixSocket } from './resolve-hosts.ts'
import type { Settings } from './setting.ts'
import { type ClientCertificate, findClientCertificate, findRevocationList, findRootCertificate } from './tls-files.ts'

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof TLS_VERSIONS)[number]

/** Settings of TLS, with the files found. */
export interface TlsSettings extends ClientCertificate {
  readonly sslmode: SslMode
  /** An existing file, or the roots that the platform trusts, or null: then nothing is verified. */
  readonly sslrootcert: string | 'system' | null
  readonly sslcrl: string | null
  readonly sslsni: boolean
  /** `direct`: TLS from the first byte, without asking the server first. */
  readonly sslnegotiation: 'postgres' | 'direct'
  readonly sslMinVersion: TlsVersion | null
  readonly sslMaxVersion: TlsVersion | null
  readonly channelBinding: 'disable' | 'prefer' | 'require'
}

/**
 * Determines the settings of TLS, see https://www.postgresql.org/docs/18/libpq-ssl.html. Files are searched only if TLS
 * is possible, which it never is on a Unix socket.
 * @throws DwhError CONFIG_INVALID for contradictory settings, required certificates that are missing, and keys that
 * others can read
 */
export function resolveTls(
  settings: Settings,
  hosts: readonly HostPlace[],
  environment: ConnectionEnvironment,
  notes: string[],
): TlsSettings {
  const system = settings.get('sslrootcert')?.value === 'system'
  const sslmode = readChoice(settings, 'sslmode', SSL_MODES) ?? (system ? 'verify-full' : 'prefer')
  const sslnegotiation = readChoice(settings, 'sslnegotiation', ['postgres', 'direct']) ?? 'postgres'
  const channelBinding = readChoice(settings, 'channel_binding', ['disable', 'prefer', 'require']) ?? 'prefer'
  const sslcertmode = readChoice(settings, 'sslcertmode', ['disable', 'allow', 'require']) ?? 'allow'
  if (system && sslmode !== 'verify-full') {
    throw configInvalid(
      `sslrootcert=system: sslmode=${sslmode} is too weak for it`,
      'Write sslmode=verify-full, or leave sslmode out.',
    )
  }
  if (sslnegotiation === 'direct' && ['disable', 'allow', 'prefer'].includes(sslmode)) {
    throw configInvalid(
      `sslnegotiation=direct: sslmode=${sslmode} is too weak for it`,
      'Write sslmode=require, verify-ca or verify-full.',
    )
  }
  const used = sslmode !== 'disable' && hosts.some((host) => !isUnixSocket(host))
  if (channelBinding === 'require' && !used) {
    throw configInvalid(
      `channel_binding=require: there is no TLS ${sslmode === 'disable' ? 'with sslmode=disable' : 'on a Unix socket'}`,
      sslmode === 'disable'
        ? 'Write sslmode=require or stricter, since channel binding needs TLS; or write channel_binding=prefer.'
        : 'Use a host with TLS (host=..., sslmode=require), since channel binding needs it; or write channel_binding=prefer.',
    )
  }
  if (sslcertmode === 'require' && used) {
    throw configInvalid(
      'sslcertmode=require: Node cannot check whether the server asked for the certificate',
      'Write sslcertmode=allow, and let the server require it (clientcert=verify-full in pg_hba.conf).',
    )
  }
  const sslrootcert = used ? findRootCertificate(settings, sslmode, environment, notes) : null
  if (sslmode === 'verify-full') checkNames(settings, hosts)
  const none: ClientCertificate = { sslcert: null, sslkey: null, sslpassword: null }
  return {
    sslmode,
    sslrootcert,
    sslcrl: findRevocationList(settings, sslrootcert, environment, notes),
    ...(used && sslcertmode !== 'disable' ? findClientCertificate(settings, environment, notes) : none),
    sslsni: (settings.get('sslsni')?.value ?? '1') === '1',
    sslnegotiation,
    ...readVersions(settings),
    channelBinding,
  }
}

/**
 * Checks that verify-full has a name to compare with: it uses `host`, and an address in `hostaddr` does not replace it.
 */
function checkNames(settings: Settings, hosts: readonly HostPlace[]): void {
  const names = readText(settings, 'host')?.split(',') ?? []
  if (hosts.some((place, index) => place.hostaddr !== undefined && !names[index])) {
    throw configInvalid(
      'sslmode=verify-full: hostaddr is set without host, so there is no name to check in the certificate',
      "Set host to the server's name too; hostaddr stays the address to connect to.",
    )
  }
}

function readVersions(settings: Settings): Pick<TlsSettings, 'sslMinVersion' | 'sslMaxVersion'> {
  const min = settings.has('ssl_min_protocol_version') ? readVersion(settings, 'ssl_min_protocol_version') : 'TLSv1.2'
  const max = readVersion(settings, 'ssl_max_protocol_version')
  if (min !== null && max !== null && TLS_VERSIONS.indexOf(min) > TLS_VERSIONS.indexOf(max)) {
    throw configInvalid(
      `ssl_max_protocol_version: ${max} is less than the minimum, ${min}`,
      'Raise it, or lower ssl_min_protocol_version.',
    )
  }
  return { sslMinVersion: min, sslMaxVersion: max }
}

/** Case-insensitive; empty means no bound. */
function readVersion(
  settings: Settings,
  keyword: 'ssl_min_protocol_version' | 'ssl_max_protocol_version',
): TlsVersion | null {
  const setting = settings.get(keyword)
  if (!setting?.value) return null
  const found = TLS_VERSIONS.find((version) => version.toLowerCase() === setting.value.toLowerCase())
  if (found !== undefined) return found
  throw configInvalid(
    `${setting.from}: ${keyword}: ${shown(setting.value)} is not a TLS version`,
    `Write one of ${TLS_VERSIONS.join(', ')}.`,
  )
}
