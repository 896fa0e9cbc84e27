import { randomInt } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { throwIfAborted } from '@dwh/core'
import {
  type ConnectionEnvironment,
  type ConnectionInput,
  isUnixSocket,
  type ResolvedConnection,
  type ResolvedHost,
  resolveConnection,
  systemEnvironment,
  type TargetSessionAttrs,
  tlsPlan,
  toConninfo,
} from '@dwh/libpq-settings'
import type pg from 'pg'
import { type ConnectFailure, connectError, isFinal, isForAnotherHost } from './connect-error.ts'
import { openClient, type Way } from './open-client.ts'
import { checkAttributes } from './session-attributes.ts'
import { hangUp, within } from './within.ts'

export interface ConnectOptions {
  /**
   * `postgres://user:password@host:port/database?sslmode=...`, `host=... dbname=...`, or the settings of libpq by name,
   * with the same meaning as in `psql`. Default: nothing set, so only `environment` applies.
   */
  readonly connection?: ConnectionInput | undefined
  /**
   * Source of the settings that `connection` does not set: variables, home, user, files. Default `systemEnvironment()`,
   * which has no variables.
   */
  readonly environment?: ConnectionEnvironment | undefined
}

export interface PostgresConnection {
  /** The caller has to end it. */
  readonly client: pg.Client
  /** `host:port` or the folder of a socket, for messages. */
  readonly server: string
  readonly resolved: ResolvedConnection
  readonly connectTimeoutMs: number
  /**
   * Connection string with which libpq opens the same connection, with another application name and with `options` for
   * the server; null if it cannot express this connection. It contains the password.
   */
  conninfo(applicationName: string, options: string): string | null
  /** Opens another connection to the same server, in the same way; the caller ends it. */
  another(signal?: AbortSignal): Promise<pg.Client>
}

/**
 * Timeout for each address if `connect_timeout` is not set. libpq waits as long as the system does, which is minutes.
 */
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000

function noAnswer(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' })
}

/**
 * Opens one connection as libpq would: the hosts in order, each in the ways that `sslmode` allows, until one matches
 * `target_session_attrs`. A server that answers and refuses ends the search; a server that cannot be reached, or is
 * starting up, does not.
 *
 * @throws DwhError CONFIG_INVALID, SOURCE_UNREACHABLE, SOURCE_DENIED or ABORTED, with what happened at each host; no
 * message contains a password
 */
export async function connect(options: ConnectOptions = {}, signal?: AbortSignal): Promise<PostgresConnection> {
  const { connection = '', environment = systemEnvironment() } = options
  const resolved = resolveConnection(connection, environment)
  const wanted = resolved.targetSessionAttrs
  const rounds: readonly TargetSessionAttrs[] = wanted === 'prefer-standby' ? ['standby', 'any'] : [wanted]
  let failures: ConnectFailure[] = []
  for (const attributes of rounds) {
    failures = []
    for await (const way of waysTo(resolved, environment, failures)) {
      throwIfAborted(signal, 'source')
      const found = await tryWay(way, attributes, signal)
      if ('client' in found) {
        return {
          client: found.client,
          server: serverOf(way.host),
          resolved,
          connectTimeoutMs: timeoutOf(way),
          conninfo: (name, options) => conninfoOf(way, name, options),
          another: (later) => openAgain(way, later),
        }
      }
      throwIfAborted(signal, 'source')
      failures.push(found.failure)
    }
  }
  throw connectError(failures, resolved)
}

/**
 * Yields all ways to connect, one after another. The last failure decides what follows: without an answer, the next
 * address; after an answer, the next way that TLS allows; after a final refusal, nothing.
 */
async function* waysTo(
  resolved: ResolvedConnection,
  environment: ConnectionEnvironment,
  failures: ConnectFailure[],
): AsyncGenerator<Way> {
  const order = (count: number) => ordered(count, resolved.loadBalanceHosts)
  for (const index of order(resolved.hosts.length)) {
    const host = resolved.hosts[index] as ResolvedHost
    const attempts = tlsPlan(resolved, index, environment.readFile)
    const addresses = await findAddresses(host, failures)
    nextAddress: for (const at of order(addresses.length)) {
      for (const attempt of attempts) {
        yield { resolved, host, address: addresses[at] as string, attempt }
        const last = failures.at(-1) as ConnectFailure
        if (isForAnotherHost(last)) continue nextAddress
        if (isFinal(last)) return
      }
      return
    }
  }
}

async function findAddresses(host: ResolvedHost, failures: ConnectFailure[]): Promise<string[]> {
  if (isUnixSocket(host)) return [host.host]
  const name = host.hostaddr ?? host.host
  if (isIP(name) !== 0) return [name]
  try {
    return [...new Set((await lookup(name, { all: true })).map(({ address }) => address))]
  } catch (error) {
    failures.push({ server: serverOf(host), host, tls: null, error, answered: false })
    return []
  }
}

async function tryWay(
  way: Way,
  attributes: TargetSessionAttrs,
  signal: AbortSignal | undefined,
): Promise<{ client: pg.Client } | { failure: ConnectFailure }> {
  const failed = (error: unknown, answered: boolean) => ({
    failure: { server: serverOf(way.host), host: way.host, tls: way.attempt.tls !== false, error, answered },
  })
  const opened = await openClient(way, timeoutOf(way), signal)
  if ('refusal' in opened) return failed(opened.refusal.error, opened.refusal.answered)
  try {
    const unfit = await within(checkAttributes(opened.client, attributes), timeoutOf(way), noAnswer)
    if (unfit === null) return opened
    hangUp(opened.client)
    return failed(unfit, false)
  } catch (error) {
    hangUp(opened.client)
    return failed(error, true)
  }
}

async function openAgain(way: Way, signal: AbortSignal | undefined): Promise<pg.Client> {
  const found = await tryWay(way, 'any', signal)
  if ('client' in found) return found.client
  throwIfAborted(signal, 'source')
  throw connectError([found.failure], way.resolved)
}

/** With `require_auth` or direct TLS there is no connection string: libpq in another program might not enforce them. */
function conninfoOf(
  { resolved, host, address, attempt }: Way,
  application_name: string,
  options: string,
): string | null {
  if (resolved.requireAuth !== null || (attempt.tls !== false && attempt.tls.direct)) return null
  const encrypted = attempt.tls !== false
  const all = [resolved.options, options].filter((text) => text !== null).join(' ')
  return toConninfo({ resolved, host, address, encrypted }, { application_name, options: all })
}

function timeoutOf({ resolved }: Way): number {
  const { connectTimeoutSeconds } = resolved
  return connectTimeoutSeconds === null ? DEFAULT_CONNECT_TIMEOUT_MS : connectTimeoutSeconds * 1000
}

function serverOf(host: ResolvedHost): string {
  if (isUnixSocket(host)) return `socket ${host.host}/.s.PGSQL.${host.port}`
  return isIP(host.host) === 6 ? `[${host.host}]:${host.port}` : `${host.host}:${host.port}`
}

/** 0 to count - 1; shuffled for `random`, which only spreads load: no result depends on the order. */
function ordered(count: number, how: 'disable' | 'random'): number[] {
  const order = Array.from({ length: count }, (_, index) => index)
  if (how === 'disable') return order
  for (let last = count - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1)
    ;[order[last], order[other]] = [order[other] as number, order[last] as number]
  }
  return order
}
