import { DwhError, type DwhErrorCode, formatTableName, isDwhError, type TableName } from '@dwh/core'

interface Where {
  /** `host:port`, for connection errors. */
  readonly server?: string
  readonly table?: TableName
  /** Rows read before the failure. */
  readonly rows?: number
  /** Bytes of a copy received before the failure. */
  readonly bytes?: number
}

interface PgError extends Error {
  readonly code?: string
  readonly detail?: string
  readonly hint?: string
}

const STANDBY =
  'The standby cancelled the read so that it could apply changes. Run again; if it happens often, set hot_standby_feedback=on or raise max_standby_streaming_delay on the standby.'

/** Meaning of an error, by SQLSTATE or errno (Postgres appendix A; node:net). The first matching row applies. */
const MEANINGS: readonly [RegExp, DwhErrorCode, string][] = [
  [
    /^(ECONNREFUSED|ENOENT)$/,
    'SOURCE_UNREACHABLE',
    'Check host and port, and that Postgres is running and listens on this address.',
  ],
  [
    /^(EACCES|EPERM)$/,
    'SOURCE_DENIED',
    'Give the user who runs this access to the folder of the socket, and write permission on the socket.',
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    'SOURCE_UNREACHABLE',
    'The host name cannot be resolved. Check its spelling, and the DNS of this machine.',
  ],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE)$/,
    'SOURCE_UNREACHABLE',
    'Check host, port and any firewall in between.',
  ],
  [
    /^(28P01|28000)$/,
    'SOURCE_DENIED',
    'Check user and password (DATABASE_URL, or PGUSER and PGPASSWORD), and pg_hba.conf on the server.',
  ],
  [
    /^3D000$/,
    'SOURCE_DENIED',
    'Check the name of the database, the last part of the URL. `psql -l` lists the databases.',
  ],
  [/^42501$/, 'SOURCE_DENIED', 'Grant the privilege to this role, or exclude the table.'],
  [/^53300$/, 'SOURCE_DENIED', 'The server has no free connection. Lower `parallel`, or raise max_connections.'],
  [/^57P03$/, 'SOURCE_UNREACHABLE', 'The server is starting up or shutting down. Try again in a moment.'],
  [
    /^55P03$/,
    'SOURCE_FAILED',
    'Another session holds a lock that prevents reading, such as an ALTER TABLE. Run again after it has ended.',
  ],
  [/^(42P01|42703)$/, 'SOURCE_CHANGED', 'The table was altered or dropped while the run was reading. Run again.'],
  [/^(40001|40P01)$/, 'SOURCE_FAILED', STANDBY],
  [
    /^(57014|57P01|57P02|57P05|25P03|25P04|08\w{3})$/,
    'SOURCE_FAILED',
    'The server ended the session. Check its log for the reason, then run again.',
  ],
]

/** SQLSTATEs of a failed connection to a server, which may be a foreign server that this one reads through. */
export const OF_THE_WAY: RegExp = /^(?:08|HV)/

const CUT = /Connection terminated|Client has encountered a connection error|socket hang up|Connection ended/i
const TIMEOUT = /timeout expired|connection timeout|timeout exceeded/i

/** Converts an error of `pg` into a DwhError. The messages of Postgres contain no password. */
export function sourceFailure(error: unknown, where: Where): DwhError {
  if (isDwhError(error)) return error
  const cause = unwrap(error)
  const { code, text, hint } = explainFailure(cause, where)
  const message = [place(where), text].filter(Boolean).join(': ')
  return new DwhError(code, message, { cause, hint, context: isSqlstate(cause.code) ? { sqlstate: cause.code } : {} })
}

/**
 * True for an SQLSTATE, and false for Node's names of failed calls:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isSqlstate(code: string | undefined): code is string {
  return code !== undefined && /^(?!E[A-Z]{4}$)[0-9A-Z]{5}$/.test(code)
}

/** Explains an error: code, text and hint. */
export function explainFailure(
  error: unknown,
  where: Where = {},
): { readonly code: DwhErrorCode; readonly text: string; readonly hint: string | undefined } {
  const cause = unwrap(error)
  const [code, hint] = meaning(cause, where)
  const detail = cause.detail ? ` (${cause.detail})` : ''
  return { code, text: `${cause.message || cause.code || 'failed'}${detail}`, hint }
}

function meaning(error: PgError, where: Where): [DwhErrorCode, string | undefined] {
  if (/invalid snapshot identifier|snapshot .* does not exist/i.test(error.message)) {
    return [
      'SOURCE_FAILED',
      'The session that held the snapshot has ended. Check the log of the server for the reason, then run again.',
    ]
  }
  if (/conflict with recovery/i.test(error.message)) return ['SOURCE_FAILED', STANDBY]
  if (CUT.test(error.message))
    return ['SOURCE_FAILED', 'The connection was lost. Check the log of the server for the reason, then run again.']
  if (TIMEOUT.test(error.message)) return ['SOURCE_UNREACHABLE', 'Check host, port and any firewall in between.']
  const found = MEANINGS.find(([pattern]) => pattern.test(error.code ?? ''))
  if (!found) return ['SOURCE_FAILED', error.hint]
  // after the first rows, a broken connection is a failure midway, not an unreachable server
  return found[1] === 'SOURCE_UNREACHABLE' && where.table
    ? ['SOURCE_FAILED', 'The connection was lost. Run again.']
    : [found[1], found[2]]
}

function place(where: Where): string {
  if (!where.table) return where.server ?? ''
  const { rows, bytes } = where
  const reached = rows !== undefined ? `, after ${rows} rows` : bytes ? `, after ${bytes} bytes` : ''
  return `${formatTableName(where.table)}${reached}`
}

/** A host with several addresses fails with one error for each; the first is enough. */
function unwrap(error: unknown): PgError {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0]
  return error instanceof Error ? error : new Error(String(error))
}
