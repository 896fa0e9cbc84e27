import { configInvalid } from './config-invalid.ts'
import type { Keyword } from './keywords.ts'
import { readChoice, readText } from './read-value.ts'
import { type HostPlace, isUnixSocket } from './resolve-hosts.ts'
import type { Settings } from './setting.ts'

/** Settings that libpq follows and `pg` has no means for, where going on without costs no safety. */
const WITHOUT_EFFECT: Partial<Record<Keyword, string>> = {
  krbsrvname: 'there is no Kerberos here',
  gsslib: 'there is no Kerberos here',
  tcp_user_timeout: 'Node cannot set it',
  keepalives_interval: 'Node cannot set it',
  keepalives_count: 'Node cannot set it',
  replication: 'this is no replication connection',
  sslkeylogfile: 'the keys of TLS are not written anywhere',
  scram_client_key: 'only a password is used',
  scram_server_key: 'only a password is used',
  oauth_issuer: 'there is no OAuth here',
  oauth_client_id: 'there is no OAuth here',
  oauth_client_secret: 'there is no OAuth here',
  oauth_scope: 'there is no OAuth here',
}

/**
 * Says of each setting that cannot be followed that it is not.
 * @throws DwhError CONFIG_INVALID where silence would leave a connection less safe than was asked for
 */
export function refuseUnsupported(settings: Settings, hosts: readonly HostPlace[], notes: string[]): void {
  if (readChoice(settings, 'gssencmode', ['disable', 'prefer', 'require']) === 'require') {
    throw configInvalid(
      'gssencmode=require: there is no GSSAPI encryption here',
      'Encrypt with TLS: gssencmode=disable sslmode=verify-full.',
    )
  }
  if (readText(settings, 'requirepeer') !== null && hosts.some(isUnixSocket)) {
    throw configInvalid(
      'requirepeer: Node does not tell who owns the other end of a socket',
      'Leave it out, or connect with TLS and sslmode=verify-full.',
    )
  }
  for (const [keyword, why] of Object.entries(WITHOUT_EFFECT) as [Keyword, string][]) {
    if (readText(settings, keyword) !== null) notes.push(`${keyword}: without effect, ${why}`)
  }
  if (readText(settings, 'gssdelegation') === '1')
    notes.push('gssdelegation: without effect, there is no Kerberos here')
  if (readText(settings, 'sslcompression') === '1') notes.push('sslcompression: without effect, TLS is not compressed')
  const encoding = readText(settings, 'client_encoding')
  if (encoding !== null && !/^(auto|utf-?8|unicode)$/i.test(encoding))
    notes.push('client_encoding: without effect, it is always UTF8')
  // 3.0 is what pg speaks; a newer one adds nothing that is used here
  const versions = ['3.0', '3.2', 'latest'] as const
  const least = readChoice(settings, 'min_protocol_version', versions)
  const most = readChoice(settings, 'max_protocol_version', versions)
  if (most === '3.0' && least !== null && least !== '3.0') {
    throw configInvalid('min_protocol_version: it is greater than max_protocol_version', 'Leave both out.')
  }
  if (least === '3.2' || least === 'latest') notes.push('min_protocol_version: without effect, the protocol is 3.0')
}
