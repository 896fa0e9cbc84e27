import { DwhError } from '@dwh/core'
import type { AuthMethod, ResolvedConnection, ResolvedHost } from '@dwh/libpq-settings'
import type pg from 'pg'

/** Authentication methods, by the event of `pg`. SASL is SCRAM on every existing server. */
const REQUESTS = {
  authenticationCleartextPassword: 'password',
  authenticationMD5Password: 'md5',
  authenticationSASL: 'scram-sha-256',
} as const satisfies Record<string, AuthMethod>

/**
 * Closes the connection before anything is answered if the server uses an authentication that `requireAuth`,
 * `channelBinding` or a missing password does not allow: `pg` itself answers any request, cleartext included. Call it
 * before `client.connect()`. The returned function gives the reason; check it also if `connect()` succeeded, since a
 * server may report that it is ready in the same message.
 */
export function watchAuthentication(
  client: pg.Client,
  resolved: Pick<ResolvedConnection, 'requireAuth' | 'channelBinding' | 'user' | 'database'>,
  host: ResolvedHost,
): () => DwhError | null {
  // typed as an emitter of any event: the types of `pg` do not include these
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
          'the server asks for a password, but none is configured',
          `Set it in the connection, in PGPASSWORD, or in the password file (~/.pgpass, PGPASSFILE) with a line ${host.host}:${host.port}:${resolved.database}:${resolved.user}.`,
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
    // a server that accepts us before SCRAM is complete has not proven that it knows the password
    if (asked === 'scram-sha-256' && !proven) hangUp('the server did not prove that it knows the password', TRUST)
  })
  return () => refusal

  function isAllowed(method: AuthMethod): boolean {
    return resolved.requireAuth === null || resolved.requireAuth.includes(method)
  }
  function refuse(method: AuthMethod): void {
    const what =
      method === 'none' ? 'accepts the connection without authentication' : `asks for ${method} authentication`
    hangUp(
      `the server ${what}, which require_auth does not allow`,
      `Allow ${method} in require_auth, or change pg_hba.conf to one of: ${resolved.requireAuth?.join(', ')}.`,
    )
  }
  function refuseUnbound(): void {
    hangUp(
      'channel_binding=require: the server does not offer SCRAM with channel binding',
      'Channel binding needs TLS to the server itself (a pooler may not offer it) and scram-sha-256 in pg_hba.conf; or write channel_binding=prefer.',
    )
  }
}

const TRUST = 'It may be an impostor: check host and port, and connect with sslmode=verify-full.'
