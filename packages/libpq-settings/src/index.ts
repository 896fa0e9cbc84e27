export type { ConnectionEnvironment, FileMode } from './connection-environment.ts'
export type { ConnectionInput, ConnectionKeywords } from './gather-settings.ts'
export type { Keyword } from './keywords.ts'
export type { AuthMethod } from './require-auth.ts'
export {
  type ResolvedConnection,
  type ResolvedHost,
  resolveConnection,
  type TargetSessionAttrs,
} from './resolve-connection.ts'
export { type HostPlace, isUnixSocket } from './resolve-hosts.ts'
export { systemEnvironment } from './system-environment.ts'
export { type TlsAttempt, type TlsOptions, tlsPlan } from './tls-plan.ts'
export type { SslMode, TlsSettings, TlsVersion } from './tls-settings.ts'
export { KEEPALIVE, type OpenedWay, toConninfo } from './to-conninfo.ts'
