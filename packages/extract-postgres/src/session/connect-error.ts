import { DwhError, type DwhErrorCode, isDwhError, secretsIn } from '@dwh/core'
import type { ResolvedConnection, ResolvedHost } from '@dwh/libpq-settings'
import { explainFailure, isSqlstate } from './postgres-errors.ts'

/** Failure of one attempt to connect. */
export interface ConnectFailure {
  readonly server: string
  readonly host: ResolvedHost
  /** Whether TLS was used; null if the attempt failed before that. */
  readonly tls: boolean | null
  readonly error: unknown
  /** True if the server answered with a refusal, or if its TLS failed. */
  readonly answered: boolean
}

interface Explained {
  readonly code: DwhErrorCode
  readonly text: string
  readonly hint: string | undefined
}

/**
 * True if the next host should be tried, as libpq does: the server does not answer, cannot accept a session now, or
 * does not match `target_session_attrs`.
 */
export function isForAnotherHost(failure: ConnectFailure): boolean {
  return !failure.answered || codeOf(failure.error) === '57P03'
}

/**
 * True if trying with or without TLS would fail the same way, or if we closed the connection: then no attempt with less
 * protection follows.
 */
export function isFinal({ error }: ConnectFailure): boolean {
  return isDwhError(error) || /^(53300|3D000|42704)$/.test(codeOf(error) ?? '')
}

/** Makes one error of all attempts: what happened at each server, and what to do. */
export function connectError(failures: readonly ConnectFailure[], resolved: ResolvedConnection): DwhError {
  const explained = telling(failures).map((failure) => ({ ...failure, ...explain(failure, resolved) }))
  const servers = [...new Set(explained.map(({ server }) => server))]
  const parts = servers.map((server) => `${server}: ${accounts(explained.filter((each) => each.server === server))}`)
  const whole = parts.length > 1 ? `none of ${parts.length} servers is usable: ${parts.join('; ')}` : (parts[0] ?? '')
  // a server repeats the value of options in its errors
  const secrets = secretsIn(resolved.options ?? '').filter((secret) => secret.length >= SHORTEST_SECRET)
  const said = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), whole)
  const last = explained.at(-1)
  const hints = [...new Set(explained.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))]
  const code = codeOf(last?.error)
  return new DwhError(last?.code ?? 'SOURCE_UNREACHABLE', said, {
    cause: causeOf(last?.error),
    hint: hints.length > 0 ? hints.join('\n') : undefined,
    context: isSqlstate(code) ? { sqlstate: code } : {},
  })
}

/** Shorter values, such as `on`, occur in too many words to be replaced. */
const SHORTEST_SECRET = 4

/** Leaves out "the server has no TLS" if TLS was only preferred: the attempt without TLS has the real failure. */
function telling(failures: readonly ConnectFailure[]): readonly ConnectFailure[] {
  return failures.filter(
    (failure) =>
      !(hasNoTls(failure.error) && failures.some(({ server, tls }) => server === failure.server && tls === false)),
  )
}

/** Joins the failures of a server; addresses that fail alike are listed once. */
function accounts(failures: readonly (ConnectFailure & Explained)[]): string {
  const texts = new Map<string, string>()
  const both = new Set(failures.map(({ tls }) => tls)).size > 1
  for (const { tls, text, error } of failures) {
    const key = `${tls} ${codeOf(error) ?? text}`
    if (!texts.has(key)) texts.set(key, both ? `${tls ? 'with' : 'without'} TLS: ${text}` : text)
  }
  return [...texts.values()].join('; ')
}

function explain(failure: ConnectFailure, resolved: ResolvedConnection): Explained {
  const { error } = failure
  if (isDwhError(error)) return { code: error.code, text: error.message, hint: error.hint }
  return explainTls(failure, resolved) ?? explainRefusal(failure) ?? explainFailure(error)
}

const ROOTS =
  'Get the certificate of the CA that signed it, and set sslrootcert to its file: sslrootcert=/path/to/ca.crt.'

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE_HINTS: readonly [RegExp, string][] = [
  [/SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED|CERT_CHAIN|INVALID_CA|CERT_SIGNATURE/, ROOTS],
  [/CERT_HAS_EXPIRED/, 'The server needs a new certificate; check the clock of this machine too.'],
  [/CERT_NOT_YET_VALID/, 'Check the clocks of this machine and of the server.'],
  [/CERT_REVOKED/, 'The server needs a new certificate: the list in sslcrl contains this one.'],
  [/CRL/, 'The list in sslcrl must be from the same CA and up to date.'],
]

function explainTls({ error, host, tls }: ConnectFailure, resolved: ResolvedConnection): Explained | null {
  // OpenSSL's errors contain source lines around the reason
  const { reason, code = '' } = error as NodeJS.ErrnoException & { reason?: string }
  const message = reason ?? (error as Error).message
  if (hasNoTls(error)) {
    return {
      code: 'SOURCE_DENIED',
      text: 'the server does not support TLS',
      hint: noTlsHint(resolved),
    }
  }
  if (tls !== true) return null
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = certificateNames(error)
    return {
      code: 'SOURCE_DENIED',
      text: `the certificate is not for ${host.host}, but for ${names.join(', ') || 'no name'}`,
      hint: `Connect by that name (host=${names[0] ?? '...'}, with the address in hostaddr if necessary), or write sslmode=verify-ca, which does not check names.`,
    }
  }
  const certificate = CERTIFICATE_HINTS.find(([pattern]) => pattern.test(code))
  if (certificate !== undefined) {
    const roots = resolved.sslrootcert === 'system' ? 'the roots that Node trusts' : resolved.sslrootcert
    return {
      code: 'SOURCE_DENIED',
      text: `the certificate of the server cannot be verified with ${roots}: ${message}`,
      hint: certificate[1],
    }
  }
  if (/certificate required|bad certificate|unknown ca|certificate unknown/i.test(message))
    return { code: 'SOURCE_DENIED', text: `the server rejected our certificate: ${message}`, hint: OUR_CERTIFICATE }
  if (/^ERR_(OSSL|SSL)|bad decrypt|interrupted or cancelled/i.test(code || message) && !/^ERR_SSL/.test(code)) {
    return {
      code: 'CONFIG_INVALID',
      text: `the TLS files cannot be used: ${message}`,
      hint: 'Check that sslcert and sslkey belong together, and that sslpassword is the passphrase of the key.',
    }
  }
  if (/secure TLS connection|ECONNRESET|EPROTO|^ERR_SSL/.test(`${code} ${message}`)) {
    return {
      code: 'SOURCE_DENIED',
      text: `the TLS handshake failed: ${message}`,
      hint:
        resolved.sslnegotiation === 'direct'
          ? 'sslnegotiation=direct needs Postgres 17 or newer and no older pooler or proxy in between; leave sslnegotiation out.'
          : 'Check that Postgres listens on this port, and ssl_min_protocol_version here and on the server.',
    }
  }
  return null
}

/** The settings that require TLS, and what to write if the network can be trusted. */
function noTlsHint({ sslmode, channelBinding }: ResolvedConnection): string {
  const byMode = ['require', 'verify-ca', 'verify-full'].includes(sslmode)
  const insisting = [byMode && `sslmode=${sslmode}`, channelBinding === 'require' && 'channel_binding=require']
  const instead = [
    channelBinding === 'require' && 'channel_binding=prefer',
    byMode && 'sslmode=prefer, or sslmode=disable,',
  ]
  const named = insisting.filter(Boolean)
  return `${named.join(' and ')} ${named.length > 1 ? 'need' : 'needs'} TLS. Turn on ssl on the server; or write ${instead.filter(Boolean).join(' and ')} if the network can be trusted.`
}

const OUR_CERTIFICATE =
  'Use a certificate that the server trusts: sslcert=/path/client.crt sslkey=/path/client.key, or ~/.postgresql/postgresql.crt and .key.'

function explainRefusal({ error, tls }: ConnectFailure): Explained | null {
  const { message } = error as Error
  const state = codeOf(error)
  if (/valid client certificate|certificate authentication failed/.test(message))
    return { code: 'SOURCE_DENIED', text: message, hint: OUR_CERTIFICATE }
  if (
    tls === false &&
    /^(28000|08P01)$/.test(state ?? '') &&
    /no encryption|SSL off|SSL required|SSL connection is/i.test(message)
  ) {
    return {
      code: 'SOURCE_DENIED',
      text: message,
      hint: 'The server may accept TLS connections only: write sslmode=require or stricter. Otherwise check host, user and database in its pg_hba.conf.',
    }
  }
  if (/unsupported startup parameter/.test(message)) {
    return {
      code: 'SOURCE_DENIED',
      text: message,
      hint: 'The pooler refuses this parameter: leave out options and PGOPTIONS, or add it to ignore_startup_parameters of PgBouncer.',
    }
  }
  return null
}

function hasNoTls(error: unknown): boolean {
  return error instanceof Error && /does not support SSL/i.test(error.message)
}

function certificateNames(error: unknown): string[] {
  const { cert } = error as { cert?: { subjectaltname?: string; subject?: { CN?: string | string[] } } }
  const others = (cert?.subjectaltname ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''))
  const names = others.filter((name) => name !== '')
  return names.length > 0 ? names : [cert?.subject?.CN ?? []].flat()
}

/** An SQLSTATE of the server, or Node's name of a failed call. */
function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code
}

/** Our own errors need no cause; an error with a certificate must not get into a log. */
function causeOf(error: unknown): unknown {
  if (isDwhError(error) || !(error instanceof Error)) return undefined
  return 'cert' in error ? undefined : error
}
