import { checkServerIdentity } from 'node:tls'
import {
  KEEPALIVE,
  type ResolvedConnection,
  type ResolvedHost,
  type TlsAttempt,
  type TlsOptions,
} from '@dwh/libpq-settings'
import pg from 'pg'
import { rememberLastWords } from './last-words.ts'
import { watchAuthentication } from './watch-authentication.ts'

/** One way to connect to one server, with nothing left to decide. */
export interface Way {
  readonly resolved: ResolvedConnection
  readonly host: ResolvedHost
  /**
   * An address, or the folder of a Unix socket; never a name, which `pg` would send as the server name
   * regardless of `sslsni`.
   */
  readonly address: string
  readonly attempt: TlsAttempt
}

/** Why an attempt did not result in a session. */
export interface Refusal {
  readonly error: unknown
  /** True if there was an answer; false for a refused connection, an unknown route or a timeout. */
  readonly answered: boolean
}

/** Name of our sessions in `pg_stat_activity`, unless the connection sets one. */
export const APPLICATION_NAME = 'dwh'

const TIMEOUT = 'timeout expired'

/** Opens one connection; the caller ends it. Never throws. */
export async function openClient(
  way: Way,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<{ client: pg.Client } | { refusal: Refusal }> {
  let client: pg.Client
  try {
    client = makeClient(way, timeoutMs)
  } catch (error) {
    return { refusal: { error, answered: true } }
  }
  let connected = false
  const connection: NodeJS.EventEmitter = client.connection
  connection.once('connect', () => {
    connected = true
  })
  // without a listener, a connection that breaks between queries would end the process; the next query reports it
  client.on('error', () => {})
  rememberLastWords(client)
  const hungUp = watchAuthentication(client, way.resolved, way.host)
  const stop = () => client.connection.stream.destroy(new Error('stopped'))
  signal?.addEventListener('abort', stop)
  try {
    await client.connect()
    const refused = hungUp()
    if (refused !== null) throw refused
    return { client }
  } catch (failure) {
    const error = hungUp() ?? failure
    // a client that never connected still has an open socket
    client.connection.stream.destroy()
    return { refusal: { error, answered: connected && !(error instanceof Error && error.message === TIMEOUT) } }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

function makeClient({ resolved, host, address, attempt }: Way, timeoutMs: number): pg.Client {
  const { tls } = attempt
  const client = new pg.Client({
    host: address,
    port: host.port,
    user: resolved.user,
    database: resolved.database,
    // a function, since for an empty password `pg` would read the environment of the process
    password: () => host.password ?? '',
    ssl: tls === false ? false : secureContext(tls),
    sslnegotiation: tls !== false && tls.direct ? 'direct' : 'postgres',
    enableChannelBinding: tls !== false && resolved.channelBinding !== 'disable',
    keepAlive: resolved.keepalives,
    keepAliveInitialDelayMillis: (resolved.keepalivesIdleSeconds ?? KEEPALIVE.idleSeconds) * 1000,
    connectionTimeoutMillis: timeoutMs,
  })
  // all startup parameters: poolers refuse unknown ones, and `pg` would add PGOPTIONS and PGAPPNAME of the process
  const startup = {
    user: resolved.user,
    database: resolved.database,
    application_name: resolved.applicationName ?? APPLICATION_NAME,
    ...(resolved.options === null ? {} : { options: resolved.options }),
  }
  return Object.assign(client, { getStartupConf: () => startup })
}

function secureContext({ direct: _, identity, checkServerIdentity: check, ...options }: TlsOptions) {
  return {
    ...options,
    checkServerIdentity:
      check === 'full'
        ? (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
            checkServerIdentity(identity, certificate)
        : () => undefined,
  }
}
