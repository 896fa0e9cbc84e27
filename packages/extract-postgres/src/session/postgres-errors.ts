import { DwhError, type DwhErrorCode, formatTableName, isDwhError, type TableName } from '@dwh/core'

interface Where {
  /** `host:port`, for errors of the connection. */
  readonly server?: string
  readonly table?: TableName
  /** Rows read before it failed. */
  readonly rows?: number
  /** Bytes of a copy that came before it failed. */
  readonly bytes?: number
}

interface PgError extends Error {
  readonly code?: string
  readonly detail?: string
  readonly hint?: string
}

const STANDBY =
  'The standby had to cancel the read to go on applying changes. Run again; if it happens often, set hot_standby_feedback=on or raise max_standby_streaming_delay there.'

/** What an error means, by its SQLSTATE or errno (Postgres appendix A; node:net). The first part that matches counts. */
const MEANINGS: readonly [RegExp, DwhErrorCode, string][] = [
  [
    /^(ECONNREFUSED|ENOENT)$/,
    'SOURCE_UNREACHABLE',
    'Is Postgres running there, and does it listen on that address? Check host and port.',
  ],
  [
    /^(EACCES|EPERM)$/,
    'SOURCE_DENIED',
    'Let the user who runs this enter the folder of the socket, and write to the socket.',
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    'SOURCE_UNREACHABLE',
    'The host name is not known here. Check its spelling, and the DNS of this machine.',
  ],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE)$/,
    'SOURCE_UNREACHABLE',
    'Check host, port and any firewall between here and there.',
  ],
  [
    /^(28P01|28000)$/,
    'SOURCE_DENIED',
    'Check user and password (DATABASE_URL, or PGUSER and PGPASSWORD), and pg_hba.conf on the server.',
  ],
  [
    /^3D000$/,
    'SOURCE_DENIED',
    'Check the name of the database: it comes last in the URL. `psql -l` lists what is there.',
  ],
  [/^42501$/, 'SOURCE_DENIED', 'Grant the privilege to this role, or exclude the table.'],
  [/^53300$/, 'SOURCE_DENIED', 'The server has no connection left. Lower `parallel`, or raise max_connections.'],
  [/^57P03$/, 'SOURCE_UNREACHABLE', 'The server is starting up or shutting down. Try again in a moment.'],
  [
    /^55P03$/,
    'SOURCE_FAILED',
    'Another session holds a lock that excludes reading, such as that of an ALTER TABLE. Run again when it has ended.',
  ],
  [/^(42P01|42703)$/, 'SOURCE_CHANGED', 'The table was altered or dropped while the run was reading. Run again.'],
  [/^(40001|40P01)$/, 'SOURCE_FAILED', STANDBY],
  [
    /^(57014|57P01|57P02|57P05|25P03|25P04|08\w{3})$/,
    'SOURCE_FAILED',
    'The server ended the session. See its log for the reason, then run again.',
  ],
]

/** SQLSTATEs of the way to a server, which may be another one that this one reads through. */
export const OF_THE_WAY: RegExp = /^(?:08|HV)/

const CUT = /Connection terminated|Client has encountered a connection error|socket hang up|Connection ended/i
const TIMEOUT = /timeout expired|connection timeout|timeout exceeded/i

/** Turns what `pg` throws into a DwhError. The messages of Postgres hold no password. */
export function sourceFailure(error: unknown, where: Where): DwhError {
  if (isDwhError(error)) return error
  const cause = unwrap(error)
  const { code, text, hint } = explainFailure(cause, where)
  const message = [place(where), text].filter(Boolean).join(': ')
  return new DwhError(code, message, { cause, hint, context: isSqlstate(cause.code) ? { sqlstate: cause.code } : {} })
}

/** Five characters of the server's, beside Node's names of failed calls: https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function isSqlstate(code: string | undefined): code is string {
  return code !== undefined && /^(?!E[A-Z]{4}$)[0-9A-Z]{5}$/.test(code)
}

/** What happened, what it means, and what to do about it. */
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
      'The session that held the snapshot has ended: see the log of the server for the reason, then run again.',
    ]
  }
  if (/conflict with recovery/i.test(error.message)) return ['SOURCE_FAILED', STANDBY]
  if (CUT.test(error.message))
    return ['SOURCE_FAILED', 'The connection was lost. See the log of the server for the reason, then run again.']
  if (TIMEOUT.test(error.message))
    return ['SOURCE_UNREACHABLE', 'Check host, port and any firewall between here and there.']
  const found = MEANINGS.find(([pattern]) => pattern.test(error.code ?? ''))
  if (!found) return ['SOURCE_FAILED', error.hint]
  // once rows have come, a broken connection is a failure midway, not a server that cannot be reached
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

/** A host with several addresses fails with one error for each; the first says enough. */
function unwrap(error: unknown): PgError {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0]
  return error instanceof Error ? error : new Error(String(error))
}
