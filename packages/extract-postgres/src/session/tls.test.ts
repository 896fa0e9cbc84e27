import { execFile } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { isDwhError } from '@dwh/core'
import {
  type CertificateMaker,
  certificateMaker,
  POSTGRES_VERSIONS,
  type SecureServer,
  secureServer,
  serverUrl,
} from '@dwh/test-kit'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type ConnectionKeywords, connect, postgresSource } from '../index.ts'

const EVERYBODY = ['host all all 127.0.0.1/32 scram-sha-256']

let made: CertificateMaker
let place: SecureServer

beforeAll(async () => {
  made = await certificateMaker()
  await made.authority('ca')
  await made.authority('other')
  await made.certificate('server', 'ca', 'db.example', 'DNS:db.example,DNS:*.internal.example')
  await made.certificate('client', 'ca', 'postgres')
  await made.certificate('stranger', 'other', 'postgres')
  await promisify(execFile)('openssl', [
    ...['ec', '-in', made.path('client.key'), '-aes256', '-passout', 'pass:s3cret', '-out', made.path('locked.key')],
  ])
  await chmod(made.path('locked.key'), 0o600)
  place = await secureServer(made)
  return async () => {
    await place.stop()
    await made.remove()
  }
})

/** Settings of the connection to the server, with `more` settings. */
function at(more: ConnectionKeywords, { server }: SecureServer = place): ConnectionKeywords {
  const { port, user, password } = server
  return { host: 'db.example', hostaddr: '127.0.0.1', port, user, password, dbname: 'postgres', ...more }
}

/** The TLS version of a connection; `none` without TLS. */
async function tlsOf(connection: ConnectionKeywords): Promise<string> {
  const { client } = await connect({ connection })
  try {
    const { rows } = await client.query('SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    return rows[0].version ?? 'none'
  } finally {
    await client.end()
  }
}

async function refusal(connection: ConnectionKeywords): Promise<string> {
  const error = await tlsOf(connection).catch((e) => e)
  if (!isDwhError(error)) throw new Error(`it was not refused: ${error}`)
  const everything = [error.message, error.hint, error.stack, String(error.cause), JSON.stringify(error)].join(' ')
  expect(everything).not.toContain(connection.password ?? 'no password')
  expect(everything).not.toContain('s3cret')
  return `${error.code} ${error.message} -> ${error.hint}`
}

const ca = () => made.path('ca.crt')
const withRules = async (lines: readonly string[]) => {
  await place.rules(lines)
  onTestFinished(() => place.rules(EVERYBODY))
}

describe('verification of the server', () => {
  test('server with TLS: encrypted, unless disabled', async () => {
    expect(await tlsOf(at({}))).toBe('TLSv1.3')
    expect(await tlsOf(at({ sslmode: 'require' }))).toBe('TLSv1.3')
    expect(await tlsOf(at({ sslmode: 'require', ssl_max_protocol_version: 'TLSv1.2' }))).toBe('TLSv1.2')
    expect(await tlsOf(at({ sslmode: 'disable' }))).toBe('none')
    expect(await tlsOf(at({ sslmode: 'allow' }))).toBe('none')
  })

  test('server without TLS: an error if TLS is required', async () => {
    const { hostname, port, username, password } = new URL(await serverUrl())
    const plain = { host: hostname, port, user: username, password, dbname: 'postgres' }
    expect(await tlsOf(plain)).toBe('none')
    for (const more of [{ sslmode: 'require' }, { sslmode: 'verify-full', sslrootcert: ca() }]) {
      expect(await refusal({ ...plain, ...more })).toMatch(
        /^SOURCE_DENIED 127\.0\.0\.1:\d+: the server does not support TLS -> sslmode=.* needs TLS\..*sslmode=disable/,
      )
    }
    const bound = await refusal({ ...plain, channel_binding: 'require' })
    expect(bound).toMatch(
      /the server does not support TLS -> channel_binding=require needs TLS\..*write channel_binding=prefer/,
    )
    expect(bound).not.toContain('sslmode')
    expect(await refusal({ ...plain, channel_binding: 'require', sslmode: 'require' })).toMatch(
      /sslmode=require and channel_binding=require need TLS\..*channel_binding=prefer and sslmode=prefer/,
    )
  })

  test('server error that repeats the options: their values are hidden', async () => {
    expect(await refusal(at({ options: '-c statement_timeout=h1dden-value' }))).toMatch(/statement_timeout.*\*\*\*/)
    expect(await refusal(at({ options: '-c statement_timeout=h1dden-value' }))).not.toContain('h1dden')
  })

  test('right CA and name, with and without SNI: connected', async () => {
    const full = { sslmode: 'verify-full', sslrootcert: ca() }
    expect(await tlsOf(at(full))).toBe('TLSv1.3')
    expect(await tlsOf(at({ ...full, sslsni: 0 }))).toBe('TLSv1.3')
    expect(await tlsOf(at({ ...full, host: 'one.internal.example' }))).toBe('TLSv1.3')
  })

  test('another CA: refused', async () => {
    for (const sslmode of ['require', 'verify-ca', 'verify-full']) {
      expect(await refusal(at({ sslmode, sslrootcert: made.path('other.crt') }))).toMatch(
        /^SOURCE_DENIED db\.example:\d+: the certificate of the server cannot be verified with .*other\.crt: .* -> .*sslrootcert=/,
      )
    }
    expect(await refusal(at({ sslrootcert: 'system' }))).toMatch(/the roots that Node trusts: .* -> .*sslrootcert=/)
  })

  test('another name: refused', async () => {
    const full = { sslmode: 'verify-full', sslrootcert: ca() }
    expect(await refusal(at({ ...full, host: 'db.other' }))).toMatch(
      /^SOURCE_DENIED db\.other:\d+: the certificate is not for db\.other, but for db\.example, \*\.internal\.example -> .*host=db\.example.*verify-ca/,
    )
    expect(await refusal(at({ ...full, host: '127.0.0.1' }))).toMatch(/not for 127\.0\.0\.1/)
    expect(await tlsOf(at({ ...full, sslmode: 'verify-ca', host: 'db.other' }))).toBe('TLSv1.3')
  })

  test('empty file of root certificates: refused', async () => {
    await writeFile(made.path('empty.crt'), '')
    expect(await refusal(at({ sslmode: 'verify-full', sslrootcert: made.path('empty.crt') }))).toMatch(
      /^CONFIG_INVALID/,
    )
  })
})

describe('authentication of the client', () => {
  test('server accepts TLS only: connected with TLS, else refused with a hint', async () => {
    await withRules(['hostssl all all 127.0.0.1/32 scram-sha-256'])
    expect(await tlsOf(at({ sslmode: 'allow' }))).toBe('TLSv1.3')
    expect(await refusal(at({ sslmode: 'disable' }))).toMatch(/no encryption -> .*sslmode=require/)
  })

  test('server accepts connections without TLS only: sslmode=prefer falls back', async () => {
    await withRules(['hostnossl all all 127.0.0.1/32 scram-sha-256'])
    expect(await tlsOf(at({ sslmode: 'prefer' }))).toBe('none')
    expect(await refusal(at({ sslmode: 'require' }))).toMatch(/^SOURCE_DENIED .*no pg_hba\.conf entry/)
    expect(await refusal(at({ password: 'wrong' }))).toMatch(
      /^SOURCE_DENIED db\.example:\d+: with TLS: no pg_hba.*; without TLS: password authentication failed/,
    )
  })

  test('server requires a certificate: connected with it, else refused with a hint', async () => {
    await withRules(['hostssl all all 127.0.0.1/32 cert'])
    const certificate = { sslcert: made.path('client.crt'), sslkey: made.path('client.key') }
    expect(await tlsOf(at({ sslmode: 'require', ...certificate }))).toBe('TLSv1.3')
    expect(await refusal(at({ sslmode: 'require' }))).toMatch(/certificate.* -> .*sslcert=.*sslkey=/)
    const strange = { sslcert: made.path('stranger.crt'), sslkey: made.path('stranger.key') }
    expect(await refusal(at({ sslmode: 'require', ...strange }))).toMatch(
      /the server rejected our certificate: .*unknown ca.* -> .*sslcert=/,
    )
    expect(await refusal(at({ sslmode: 'require', ...certificate, sslkey: strange.sslkey }))).toMatch(
      /^CONFIG_INVALID .*belong together/,
    )
    const locked = { ...certificate, sslkey: made.path('locked.key'), sslmode: 'require' }
    expect(await tlsOf(at({ ...locked, sslpassword: 's3cret' }))).toBe('TLSv1.3')
    expect(await refusal(at(locked))).toMatch(/^CONFIG_INVALID .*sslpassword/)
    expect(await readFile(locked.sslkey, 'utf8')).toContain('ENCRYPTED')
  })

  test('channel binding: used, and required if configured', async () => {
    expect(await tlsOf(at({ channel_binding: 'require' }))).toBe('TLSv1.3')
    expect(await tlsOf(at({ channel_binding: 'disable' }))).toBe('TLSv1.3')
    await withRules(['host all all 127.0.0.1/32 trust'])
    expect(await refusal(at({ channel_binding: 'require' }))).toMatch(
      /channel_binding=require: the server does not offer/,
    )
    expect(await refusal(at({ require_auth: 'scram-sha-256' }))).toMatch(
      /accepts the connection without authentication/,
    )
  })
})

test.each(POSTGRES_VERSIONS)(
  'Postgres %i: a snapshot over verified TLS, and TLS from the first byte',
  async (version) => {
    const own = await secureServer(made, version)
    onTestFinished(own.stop)
    const full = at({ sslmode: 'verify-full', sslrootcert: ca() }, own)
    const snapshot = await postgresSource({ connection: full }).open()
    expect(await snapshot.tables()).toEqual([])
    await snapshot.close()
    const direct = { ...full, sslnegotiation: 'direct' }
    if (version >= 17) expect(await tlsOf(direct)).toBe('TLSv1.3')
    else expect(await refusal(direct)).toMatch(/^SOURCE_DENIED .*handshake failed.* -> .*Postgres 17/)
  },
)
