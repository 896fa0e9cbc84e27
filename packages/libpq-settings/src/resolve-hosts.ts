import { configInvalid } from './config-invalid.ts'
import type { ConnectionEnvironment } from './connection-environment.ts'
import type { Settings } from './setting.ts'

/** One server to try. */
export interface HostPlace {
  /**
   * A name, an address, or the absolute path of the folder of a Unix socket; the address if only `hostaddr` was given.
   */
  readonly host: string
  /** The address to connect to, without a DNS lookup of `host`. */
  readonly hostaddr?: string
  readonly port: number
}

const DEFAULT_SOCKET_FOLDERS: readonly string[] = ['/var/run/postgresql', '/tmp']
const DEFAULT_PORT = 5432

/**
 * True for the path of a socket: no TLS and no network is used. An address in `hostaddr` takes precedence over a path.
 */
export function isUnixSocket(place: HostPlace): boolean {
  return place.hostaddr === undefined && place.host.startsWith('/')
}

/** True if the password file may call this folder `localhost`. */
export function isDefaultSocketFolder(host: string): boolean {
  return DEFAULT_SOCKET_FOLDERS.includes(host)
}

/**
 * The servers in the order to try, from the lists of hosts, addresses and ports side by side. A single port applies to
 * all.
 * @throws DwhError CONFIG_INVALID if the lists differ in length, or if a port is invalid
 */
export function resolveHosts(settings: Settings, environment: ConnectionEnvironment): HostPlace[] {
  const hosts = listOf(settings, 'host')
  const addresses = listOf(settings, 'hostaddr')
  const count = addresses?.length ?? hosts?.length ?? 1
  if (hosts !== null && hosts.length !== count)
    throw unmatched(`${hosts.length} hosts`, `${count} addresses in hostaddr`)
  const ports = listOf(settings, 'port') ?? ['']
  if (ports.length !== 1 && ports.length !== count) throw unmatched(`${ports.length} ports`, `${count} hosts`)
  return Array.from({ length: count }, (_, index) => {
    const hostaddr = addresses?.[index] ?? ''
    const host = hosts?.[index] || hostaddr || defaultHost(environment)
    const port = readPort((ports.length === 1 ? ports[0] : ports[index]) ?? '', settings)
    // libpq treats these as sockets of Linux's abstract namespace, which `pg` cannot open
    if (host.startsWith('@')) {
      throw configInvalid(
        'host: the name begins with an @',
        'Use the name of a host, or the folder of a Unix socket; abstract sockets are not supported.',
      )
    }
    return hostaddr === '' ? { host, port } : { host, hostaddr, port }
  })
}

function listOf(settings: Settings, keyword: 'host' | 'hostaddr' | 'port'): string[] | null {
  const value = settings.get(keyword)?.value
  return value ? value.split(',') : null
}

function defaultHost(environment: ConnectionEnvironment): string {
  return DEFAULT_SOCKET_FOLDERS.find((folder) => environment.socketFolderExists?.(folder)) ?? 'localhost'
}

/**
 * Parses a port. The message does not repeat the value: if the password in a URI was not encoded, it is a part of the
 * password.
 */
function readPort(text: string, settings: Settings): number {
  if (text === '') return DEFAULT_PORT
  const port = /^[ \t\n\v\f\r]*\+?\d+[ \t\n\v\f\r]*$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= 65535) return port
  throw configInvalid(
    `${settings.get('port')?.from ?? 'port'}: not a number from 1 to 65535`,
    'Correct the port; in a URI, percent-encode : / @ in user and password (%3A %2F %40).',
  )
}

function unmatched(some: string, others: string): Error {
  return configInvalid(
    `the source: ${some} for ${others}`,
    'Give the same number of each, separated by commas; a single port applies to all hosts.',
  )
}
