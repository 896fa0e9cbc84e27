import { configInvalid } from './config-invalid.ts'
import type { Keyword } from './keywords.ts'
import { readChoice, readText } from './read-value.ts'
import { type HostPlace, isUnixSocket } from './resolve-hosts.ts'
import type { Settings } from './setting.ts'

/** Settings that libpq supports and `pg` does not, and that are safe to ignore. */
const WITHOUT_EFFECT: Partial<Record<Keyword, string>> = {
  krbsrvname: 'Kerberos is not supported',
  gsslib: 'Kerberos is not supported',
  tcp_user_timeout: 'Node cannot set it',
  keepalives_interval: 'Node cannot set it',
  keepalives_count: 'Node cannot set it',
  replication: 'this is not a replication connection',
  sslkeylogfile: 'TLS keys are never written',
  scram_client_key: 'only passwords are supported',
  scram_server_key: 'only passwords are supported',
  oauth_issuer: 'OAuth is not supported',
  oauth_client_id: 'OAuth is not supported',
  oauth_client_secret: 'OAuth is not supported',
  oauth_scope: 'OAuth is not supported',
}

/**
 * Adds a note for each setting that has no effect.
 * @throws DwhError CONFIG_INVALID if ignoring a setting would make the connection less safe than requested
 */
export function refuseUnsupported(settings: Settings, hosts: readonly HostPlace[], notes: string[]): void {
  if (readChoice(settings, 'gssencmode', ['disable', 'prefer', 'require']) === 'require') {
    throw configInvalid(
      'gssencmode=require: GSSAPI encryption is not supported',
      'Encrypt with TLS: gssencmode=disable sslmode=verify-full.',
    )
  }
  if (readText(settings, 'requirepeer') !== null && hosts.some(isUnixSocket)) {
    throw configInvalid(
      'requirepeer: Node cannot check which user owns the other end of a socket',
      'Leave it out, or connect with TLS and sslmode=verify-full.',
    )
  }
  for (const [keyword, why] of Object.entries(WITHOUT_EFFECT) as [Keyword, string][]) {
    if (readText(settings, keyword) !== null) notes.push(`${keyword}: no effect, ${why}`)
  }
  if (readText(settings, 'gssdelegation') === '1') notes.push('gssdelegation: no effect, Kerberos is not supported')
  if (readText(settings, 'sslcompression') === '1') notes.push('sslcompression: no effect, TLS is not compressed')
  const encoding = readText(settings, 'client_encoding')
  if (encoding !== null && !/^(auto|utf-?8|unicode)$/i.test(encoding))
    notes.push('client_encoding: no effect, it is always UTF8')
  // pg uses protocol 3.0; nothing here needs a newer one
  const versions = ['3.0', '3.2', 'latest'] as const
  const least = readChoice(settings, 'min_protocol_version', versions)
  const most = readChoice(settings, 'max_protocol_version', versions)
  if (most === '3.0' && least !== null && least !== '3.0') {
    throw configInvalid('min_protocol_version: greater than max_protocol_version', 'Leave both out.')
  }
  if (least === '3.2' || least === 'latest') notes.push('min_protocol_version: no effect, the protocol is 3.0')
}
