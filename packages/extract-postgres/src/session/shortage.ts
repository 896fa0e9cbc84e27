import { DwhError, type DwhErrorContext, isDwhError } from '@dwh/core'

/** Why another reader is not available, while the session that holds the snapshot goes on. */
export type Shortage = 'connections' | 'elsewhere'

/** Messages of servers and poolers: Postgres, PgBouncer in two ways, Supavisor, RDS Proxy. */
const NO_CONNECTION =
  /too many (clients|connections)|connection slots|no more connections|max client|query_wait_timeout|waiting to acquire/i

const NO_SNAPSHOT = /invalid snapshot identifier|snapshot .* does not exist|could not import the requested snapshot/i

/** The kind of shortage that an error means; null for any other failure. */
export function shortageOf(error: unknown): Shortage | null {
  if (!(error instanceof Error)) return null
  const context: DwhErrorContext = isDwhError(error) ? error.context : {}
  if (context.shortage !== undefined) return context.shortage as Shortage
  const sqlstate = context.sqlstate ?? (error as { code?: string }).code
  if (sqlstate === '53300' || NO_CONNECTION.test(error.message)) return 'connections'
  return NO_SNAPSHOT.test(error.message) ? 'elsewhere' : null
}

/** The error for a pooler without a free server connection, which would let us wait for minutes. */
export function noBegin(timeoutMs: number): DwhError {
  return new DwhError('SOURCE_UNREACHABLE', `no answer to BEGIN within ${timeoutMs / 1000} s`, {
    context: { shortage: 'connections' },
  })
}

/** The error for a snapshot of the same name on another server. */
export function otherServer(): DwhError {
  return new DwhError('SOURCE_FAILED', 'this is not the server that holds the snapshot', {
    hint: 'Connect to one server, not to a load balancer in front of several.',
    context: { shortage: 'elsewhere' },
  })
}
