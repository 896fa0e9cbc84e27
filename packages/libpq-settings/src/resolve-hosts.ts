import { configInvalid } from './config-invalid.ts'
import type { ConnectionEnvironment } from './connection-environment.ts'
import type { Settings } from './setting.ts'

/** One server to try. */
export interface HostPlace {
  /** A name, an address, or the absolute path of the folder of a Unix socket; the address again when only `hostaddr` was given. */
  readonly host: string
  /** The address to connect to, without asking for that of `host`. */
  readonly hostaddr?: string
  readonly port: number
}

const DEFAULT_SOCKET_FOLDERS: readonly string[] = ['/var/run/postgresql', '/tmp']
const DEFAULT_PORT = 5432

/** True for a path: there is no TLS, and no network, on the way to it. An address in `hostaddr` goes before a path. */
export function isUnixSocket(place: HostPlace): boolean {
  return place.hostaddr === undefined && place.host.startsWith('/')
}

/** True when the password file calls this folder `localhost`. */
export function isDefaultSocketFolder(host: string): boolean {
  return DEFAULT_SOCKET_FOLDERS.includes(host)
}

/**
 * The servers in the order to try: the lists of hosts, addresses and ports side by side. One port is for all of them.
 * @throws DwhError CONFIG_INVALID when the lists differ in length, or a port is none
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
    // libpq takes these for sockets of Linux's abstract namespace, which `pg` cannot open
    if (host.startsWith('@')) {
      throw configInvalid(
        'host: it begins with an @',
        'Name a host, or the folder of a Unix socket; abstract sockets are not supported.',
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

/** The value is not repeated: in a URI whose password was not encoded, it is a piece of the password. */
function readPort(text: string, settings: Settings): number {
  if (text === '') return DEFAULT_PORT
  const port = /^[ \t\n\v\f\r]*\+?\d+[ \t\n\v\f\r]*$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= 65535) return port
  throw configInvalid(
    `${settings.get('port')?.from ?? 'port'}: it is not a number from 1 to 65535`,
    'Correct the port; in a URI, percent-encode : / @ in user and password (%3A %2F %40).',
  )
}

function unmatched(some: string, others: string): Error {
  return configInvalid(
    `the source: ${some} for ${others}`,
    'Give as many of each, separated by commas; a single port is for all hosts.',
  )
}
