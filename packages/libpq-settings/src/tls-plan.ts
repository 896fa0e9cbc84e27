import { isIP } from 'node:net'
import { configInvalid } from './config-invalid.ts'
import type { ResolvedConnection, ResolvedHost } from './resolve-connection.ts'
import { isUnixSocket } from './resolve-hosts.ts'
import type { TlsVersion } from './tls-settings.ts'

/** One way to open a connection; the options of `tls.connect` by their own names, but for what only `pg` or the caller can do. */
export type TlsAttempt = { readonly tls: false } | { readonly tls: TlsOptions }

export interface TlsOptions {
  /** PEM; absent with `rejectUnauthorized`: the roots that Node trusts. */
  readonly ca?: string
  readonly crl?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  /** The chain is verified up to a root. */
  readonly rejectUnauthorized: boolean
  /** For SNI; absent for an address, and with sslsni=0. */
  readonly servername?: string
  /** `full`: the certificate must be for `identity`; `none`: `() => undefined`, since Node would compare names whenever it verifies. */
  readonly checkServerIdentity: 'full' | 'none'
  /** The name or address for `checkServerIdentity`, whatever address is connected to. */
  readonly identity: string
  readonly minVersion?: TlsVersion
  readonly maxVersion?: TlsVersion
  /** TLS from the first byte, with ALPN `postgresql`. */
  readonly direct: boolean
}

/**
 * The ways to open a connection to one host, in order. As libpq does, go on to the next when the server has no TLS, when its handshake fails, or when
 * it refuses the session before or at authentication; not when there is no answer at all: then the next host is tried.
 * https://www.postgresql.org/docs/18/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS
 * @throws DwhError CONFIG_INVALID when a certificate cannot be read any more, or channel binding is required on a Unix socket
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
      'Leave that host out, since channel binding takes TLS; or write channel_binding=prefer.',
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
    // with a root at hand libpq verifies the chain in every mode, not only in require
    rejectUnauthorized: resolved.sslrootcert !== null,
    ...(resolved.sslsni && isIP(host.host) === 0 && { servername: host.host }),
    checkServerIdentity: resolved.sslmode === 'verify-full' ? 'full' : 'none',
    identity: host.host,
    ...(resolved.sslMinVersion !== null && { minVersion: resolved.sslMinVersion }),
    ...(resolved.sslMaxVersion !== null && { maxVersion: resolved.sslMaxVersion }),
    direct: resolved.sslnegotiation === 'direct',
  }
}

/** Node takes an empty `ca` for none, and would trust every public root instead: so what is no PEM is refused here. */
function readPem(keyword: string, path: string, mark: RegExp, readFile: (path: string) => string | null): string {
  const text = readFile(path)
  if (text === null) throw configInvalid(`${keyword}: ${path} cannot be read`, 'Let the user who runs this read it.')
  if (mark.test(text)) return text
  throw configInvalid(
    `${keyword}: ${path} is not what it should be, in PEM form`,
    'A PEM file has a line that begins with -----BEGIN; openssl can convert DER to it.',
  )
}
