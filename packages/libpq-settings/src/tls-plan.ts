import { isIP } from 'node:net'
import { configInvalid } from './config-invalid.ts'
import type { ResolvedConnection, ResolvedHost } from './resolve-connection.ts'
import { isUnixSocket } from './resolve-hosts.ts'
import type { TlsVersion } from './tls-settings.ts'

/**
 * One way to open a connection, with the options of `tls.connect` by their own names, except for options that only `pg`
 * or the caller can apply.
 */
export type TlsAttempt = { readonly tls: false } | { readonly tls: TlsOptions }

export interface TlsOptions {
  /** PEM; if absent with `rejectUnauthorized`, the roots that Node trusts apply. */
  readonly ca?: string
  readonly crl?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  /** True if the certificate chain is verified up to a root. */
  readonly rejectUnauthorized: boolean
  /** Server name for SNI; absent for an address, and with sslsni=0. */
  readonly servername?: string
  /**
   * `full`: the certificate must be issued for `identity`. `none`: use `() => undefined`, since Node compares names
   * whenever it verifies.
   */
  readonly checkServerIdentity: 'full' | 'none'
  /** The name or address for `checkServerIdentity`, independent of the address of the connection. */
  readonly identity: string
  readonly minVersion?: TlsVersion
  readonly maxVersion?: TlsVersion
  /** TLS from the first byte, with ALPN `postgresql`. */
  readonly direct: boolean
}

/**
 * The ways to open a connection to one host, in order. As in libpq, try the next one if the server has no TLS, if its
 * handshake fails, or if it refuses the session before or at authentication. If there is no answer at all, try the next
 * host instead.
 * https://www.postgresql.org/docs/18/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS
 * @throws DwhError CONFIG_INVALID if a certificate cannot be read any more, or if channel binding is required on a Unix
 * socket
 */
export function tlsPlan(
  resolved: ResolvedConnection,
  hostIndex: number,
  readFile: (path: string) => string | null,
): readonly TlsAttempt[] {
  const host = resolved.hosts[hostIndex]
  if (host === undefined) throw new RangeError(`tlsPlan: no host ${hostIndex}`)
  const bound = resolved.channelBinding === 'require'
  if (isUnixSocket(host) || resolved.sslmode === 'disable') {
    if (!bound) return [{ tls: false }]
    throw configInvalid(
      'channel_binding=require: there is no TLS on a Unix socket',
      'Leave that host out, since channel binding needs TLS; or write channel_binding=prefer.',
    )
  }
  const plain: readonly TlsAttempt[] = bound ? [] : [{ tls: false }]
  const secured: TlsAttempt = { tls: tlsOptions(resolved, host, readFile) }
  if (resolved.sslmode === 'allow') return [...plain, secured]
  if (resolved.sslmode === 'prefer') return [secured, ...plain]
  return [secured]
}

function tlsOptions(
  resolved: ResolvedConnection,
  host: ResolvedHost,
  readFile: (path: string) => string | null,
): TlsOptions {
  const read = (keyword: 'sslrootcert' | 'sslcrl' | 'sslcert' | 'sslkey', mark: RegExp): string | null => {
    const path = resolved[keyword]
    return path === null || path === 'system' ? null : readPem(keyword, path, mark, readFile)
  }
  const ca = read('sslrootcert', /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/)
  const crl = read('sslcrl', /-----BEGIN X509 CRL-----/)
  const cert = read('sslcert', /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/)
  const key = read('sslkey', /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/)
  return {
    ...(ca !== null && { ca }),
    ...(crl !== null && { crl }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(key !== null && resolved.sslpassword !== null && { passphrase: resolved.sslpassword }),
    // with a root certificate, libpq verifies the chain in every mode, not only in require
    rejectUnauthorized: resolved.sslrootcert !== null,
    ...(resolved.sslsni && isIP(host.host) === 0 && { servername: host.host }),
    checkServerIdentity: resolved.sslmode === 'verify-full' ? 'full' : 'none',
    identity: host.host,
    ...(resolved.sslMinVersion !== null && { minVersion: resolved.sslMinVersion }),
    ...(resolved.sslMaxVersion !== null && { maxVersion: resolved.sslMaxVersion }),
    direct: resolved.sslnegotiation === 'direct',
  }
}

/**
 * Reads a PEM file. Node treats an empty `ca` as none and would trust every public root instead, so a file that is not
 * PEM is refused.
 */
function readPem(keyword: string, path: string, mark: RegExp, readFile: (path: string) => string | null): string {
  const text = readFile(path)
  if (text === null)
    throw configInvalid(`${keyword}: ${path} cannot be read`, 'Give read permission to the user who runs this.')
  if (mark.test(text)) return text
  throw configInvalid(
    `${keyword}: ${path} does not contain the expected PEM data`,
    'A PEM file has a line that begins with -----BEGIN; openssl can convert DER to it.',
  )
}
