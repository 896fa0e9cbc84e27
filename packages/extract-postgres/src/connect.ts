import { DwhError } from '@dwh/core'
import pg from 'pg'
import { sourceFailure } from './postgres-errors.ts'

export interface ConnectOptions {
  /**
   * `postgres://user:password@host:port/database`, or the settings of `pg.Client`. What is missing comes from the PG* variables, as `pg` reads them.
   */
  readonly connection?: string | pg.ClientConfig | undefined
  /** Default 10 s. */
  readonly connectTimeoutMs?: number | undefined
}

export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000

/**
 * Opens one connection; the caller ends it.
 * @throws DwhError CONFIG_INVALID for a URL that is none, SOURCE_UNREACHABLE, SOURCE_DENIED; no message holds the password
 */
export async function connect(options: ConnectOptions = {}): Promise<pg.Client> {
  const { connection = {}, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options
  const given = typeof connection === 'string' ? { connectionString: checkUrl(connection) } : connection
  const client = makeClient({
    application_name: 'dwh',
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    ...given,
  })
  // a connection that breaks while no query waits for it would otherwise end the process; the next query reports it
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    // a client that never connected still holds its socket
    client.end().catch(() => {})
    throw sourceFailure(error, { server: serverOf(client) })
  }
}

function makeClient(config: pg.ClientConfig): pg.Client {
  try {
    return new pg.Client(config)
  } catch (error) {
    // certificates named in the URL are read here; the error of a URL that cannot be parsed would carry it whole
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw sourceFailure(error, { server: 'certificate' })
    throw badUrl('it cannot be read')
  }
}

function checkUrl(url: string): string {
  const match = /^postgres(?:ql)?:\/\/([^/?#]*)(.*)$/s.exec(url)
  if (!match) throw badUrl('it does not begin with postgres://')
  if (match[2]?.includes('@')) throw badUrl('an @ comes after a /, ? or #')
  return url
}

function badUrl(why: string): DwhError {
  return new DwhError('CONFIG_INVALID', `the URL of the source: ${why}`, {
    hint: 'Write postgres://user:password@host:5432/database; in user and password, percent-encode @ : / ? # (%40 %3A %2F %3F %23).',
  })
}

function serverOf(client: pg.Client): string {
  return client.host.startsWith('/') ? `socket ${client.host}` : `${client.host}:${client.port}`
}
