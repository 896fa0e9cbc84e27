import type { ResolvedConnection, ResolvedHost } from './resolve-connection.ts'

/**
 * Keepalive settings if the connection has none. The system default of two hours is longer than most firewalls remember
 * an idle connection. Node sends ten probes, one a second; it cannot limit the time of unacknowledged data.
 */
export const KEEPALIVE = { idleSeconds: 30, intervalSeconds: 10, count: 3, unacknowledgedMs: 60_000 } as const

/** The facts about a connection that are known after it was opened. */
export interface OpenedWay {
  readonly resolved: ResolvedConnection
  readonly host: ResolvedHost
  /** An address, or the folder of a Unix socket. */
  readonly address: string
  readonly encrypted: boolean
}

/**
 * The connection string with which libpq opens the same connection again, to the same server in the same way. It
 * contains the password.
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
 */
export function toConninfo(
  { resolved, host, address, encrypted }: OpenedWay,
  more: Readonly<Record<string, string>>,
): string {
  const settings: Record<string, string | number | null | undefined> = {
    host: host.host,
    hostaddr: address.startsWith('/') ? null : address,
    port: host.port,
    user: resolved.user,
    dbname: resolved.database,
    password: host.password ?? '',
    sslmode: encrypted ? resolved.sslmode : 'disable',
    sslrootcert: resolved.sslrootcert,
    sslcert: resolved.sslcert,
    sslkey: resolved.sslkey,
    sslpassword: resolved.sslpassword,
    sslcrl: resolved.sslcrl,
    sslsni: resolved.sslsni ? 1 : 0,
    ssl_min_protocol_version: resolved.sslMinVersion,
    ssl_max_protocol_version: resolved.sslMaxVersion,
    channel_binding: encrypted ? resolved.channelBinding : 'disable',
    connect_timeout: resolved.connectTimeoutSeconds,
    keepalives: resolved.keepalives ? 1 : 0,
    keepalives_idle: resolved.keepalivesIdleSeconds ?? KEEPALIVE.idleSeconds,
    keepalives_interval: resolved.keepalivesIntervalSeconds ?? KEEPALIVE.intervalSeconds,
    keepalives_count: resolved.keepalivesCount ?? KEEPALIVE.count,
    tcp_user_timeout: KEEPALIVE.unacknowledgedMs,
    ...more,
  }
  return Object.entries(settings)
    .flatMap(([keyword, value]) => (value == null ? [] : [`${keyword}='${String(value).replace(/[\\']/g, '\\$&')}'`]))
    .join(' ')
}
