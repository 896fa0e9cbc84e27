import { DwhError } from '@dwh/core'
import type { AuthMethod, ResolvedConnection, ResolvedHost } from '@dwh/libpq-settings'
import type pg from 'pg'

/** What a server may ask for, by the event that `pg` has for it. SASL is SCRAM to every server that there is. */
const REQUESTS = {
  authenticationCleartextPassword: 'password',
  authenticationMD5Password: 'md5',
  authenticationSASL: 'scram-sha-256',
} as const satisfies Record<string, AuthMethod>

/**
 * Hangs up on a server that asks for what `requireAuth`, `channelBinding` or the lack of a password do not allow, before anything is answered: `pg` itself
 * answers whatever is asked, cleartext included. Call it before `client.connect()`. The answer tells why it hung up, which counts also when `connect()`
 * went well: a server may say that it is ready in the same breath.
 */
export function watchAuthentication(
  client: pg.Client,
  resolved: Pick<ResolvedConnection, 'requireAuth' | 'channelBinding' | 'user' | 'database'>,
  host: ResolvedHost,
): () => DwhError | null {
  // as an emitter of any event: the types of `pg` do not name these
  const { connection }: { connection: NodeJS.EventEmitter & { stream: { destroy(error: Error): unknown } } } = client
  let asked: AuthMethod = 'none'
  let proven = false
  let bound = false
  let refusal: DwhError | null = null
  const hangUp = (message: string, hint: string) => {
    refusal ??= new DwhError('SOURCE_DENIED', message, { hint })
    connection.stream.destroy(refusal)
  }

  for (const [event, method] of Object.entries(REQUESTS)) {
    connection.once(event, (message: { mechanisms?: readonly string[] }) => {
      asked = method
      bound = message.mechanisms?.includes('SCRAM-SHA-256-PLUS') ?? false
      if (!isAllowed(method)) return refuse(method)
      if (resolved.channelBinding === 'require' && !bound) return refuseUnbound()
      if (host.password === undefined) {
        hangUp(
          'the server asks for a password, and there is none',
          `Looked in the connection itself, PGPASSWORD, and the password file (~/.pgpass, PGPASSFILE) for a line ${host.host}:${host.port}:${resolved.database}:${resolved.user}.`,
        )
      }
    })
  }
  connection.once('authenticationSASLFinal', () => {
    proven = true
  })
  connection.once('authenticationOk', () => {
    if (!isAllowed(asked)) return refuse(asked)
    if (resolved.channelBinding === 'require' && !(bound && proven)) return refuseUnbound()
    // a server that lets us in halfway has not shown that it knows the password
    if (asked === 'scram-sha-256' && !proven) hangUp('the server did not prove that it knows the password', TRUST)
  })
  return () => refusal

  function isAllowed(method: AuthMethod): boolean {
    return resolved.requireAuth === null || resolved.requireAuth.includes(method)
  }
  function refuse(method: AuthMethod): void {
    const what = method === 'none' ? 'lets us in without authentication' : `asks for ${method} authentication`
    hangUp(
      `the server ${what}, which require_auth does not allow`,
      `Allow ${method} in require_auth, or let pg_hba.conf ask for one of: ${resolved.requireAuth?.join(', ')}.`,
    )
  }
  function refuseUnbound(): void {
    hangUp(
      'channel_binding=require: the server does not offer SCRAM with channel binding',
      'It takes TLS to the server itself (a pooler in between may not offer it) and scram-sha-256 in pg_hba.conf; or write channel_binding=prefer.',
    )
  }
}

const TRUST = 'It may not be the server that it says it is: check host and port, and connect with sslmode=verify-full.'
