import { describe, expect, test } from 'vitest'
import type { ConnectionInput } from './gather-settings.ts'
import { resolveConnection } from './resolve-connection.ts'
import { refusalOf, testEnvironment } from './test-support.ts'

type Given = Parameters<typeof testEnvironment>[0]

const resolve = (input: ConnectionInput, environment: Given = {}) =>
  resolveConnection(input, testEnvironment(environment))
const refusal = (input: ConnectionInput, environment: Given = {}) => refusalOf(() => resolve(input, environment))

test('empty input: defaults', () => {
  expect(resolve('')).toEqual({
    hosts: [{ host: 'localhost', port: 5432 }],
    user: 'me',
    database: 'me',
    sslmode: 'prefer',
    sslrootcert: null,
    sslcert: null,
    sslkey: null,
    sslpassword: null,
    sslcrl: null,
    sslsni: true,
    sslnegotiation: 'postgres',
    sslMinVersion: 'TLSv1.2',
    sslMaxVersion: null,
    channelBinding: 'prefer',
    loadBalanceHosts: 'disable',
    targetSessionAttrs: 'any',
    requireAuth: null,
    connectTimeoutSeconds: null,
    keepalives: true,
    keepalivesIdleSeconds: null,
    keepalivesIntervalSeconds: null,
    keepalivesCount: null,
    applicationName: null,
    options: null,
    notes: [],
  })
})

test('database without a name: named like the user; no user: refused', () => {
  expect(resolve('postgres://you@db')).toMatchObject({ user: 'you', database: 'you' })
  expect(resolve('', { env: { PGUSER: '' } })).toMatchObject({ user: 'me' })
  expect(refusal('', { user: null })).toMatch(/no user/)
})

describe('hosts', () => {
  const hosts = (input: ConnectionInput, environment: Given = {}) => resolve(input, environment).hosts

  test('several hosts: in order, each with its port', () => {
    expect(hosts('postgres://a:1,b,[::1]:3/x')).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 5432 },
      { host: '::1', port: 3 },
    ])
    expect(hosts('host=a,b port=7').map(({ port }) => port)).toEqual([7, 7])
  })

  test('hostaddr: with a name, or alone', () => {
    expect(hosts('host=a,b hostaddr=10.0.0.1,')).toEqual([
      { host: 'a', hostaddr: '10.0.0.1', port: 5432 },
      { host: 'b', port: 5432 },
    ])
    expect(hosts('hostaddr=::1')).toEqual([{ host: '::1', hostaddr: '::1', port: 5432 }])
  })

  test('no host: the socket folder that exists', () => {
    expect(hosts('', { socketFolders: ['/tmp'] })).toEqual([{ host: '/tmp', port: 5432 }])
    expect(hosts('host=a,', { socketFolders: ['/var/run/postgresql', '/tmp'] })[1]?.host).toBe('/var/run/postgresql')
  })

  test('lists of different length, invalid ports: refused', () => {
    expect(refusal('host=a,b port=1,2,3')).toMatch(/3 ports for 2 hosts/)
    expect(refusal('host=a,b hostaddr=::1')).toMatch(/2 hosts for 1 addresses/)
    expect(refusal('host=@abstract')).toMatch(/abstract/)
    for (const port of ['0', '65536', 'Hunter2', '0x10', '1e3']) {
      expect(refusal(`postgres://a:${port}`)).toMatch(/^the setting port: not a number/)
      expect(refusal(`postgres://a:${port}`)).not.toContain('Hunter2')
    }
    expect(refusal('', { env: { PGPORT: 'x' } })).toMatch(/^PGPORT/)
  })
})

describe('password', () => {
  const text = 'a:5432:*:*:for a\nb:5432:*:*:for b\nlocalhost:*:*:*:local\n/tmp:*:*:*:folder\n10.0.0.1:*:*:*:address\n'
  const passwords = (input: ConnectionInput, environment: Given = { files: { '/home/me/.pgpass': text } }) =>
    resolve(input, environment).hosts.map(({ password }) => password)

  test('several hosts: one password each from the file, or the given one for all', () => {
    expect(passwords('host=a,b,c')).toEqual(['for a', 'for b', undefined])
    expect(passwords('host=a,b password=given')).toEqual(['given', 'given'])
    expect(passwords("host=a password=''")).toEqual(['for a'])
    expect(passwords('hostaddr=10.0.0.1')).toEqual(['address'])
    expect(passwords('host=x hostaddr=10.0.0.1')).toEqual([undefined])
  })

  test('default socket folder: matches localhost in the file', () => {
    expect(passwords('', { files: { '/home/me/.pgpass': text }, socketFolders: ['/var/run/postgresql'] })).toEqual([
      'local',
    ])
    expect(passwords('host=/elsewhere')).toEqual([undefined])
  })

  test('passfile: read instead of the default file', () => {
    const files = { '/other': 'a:*:*:*:other' }
    expect(passwords('host=a', { files, env: { PGPASSFILE: '/other' } })).toEqual(['other'])
    expect(passwords('host=a passfile=/other', { files, home: null })).toEqual(['other'])
    expect(resolve('passfile=/none').notes).toEqual(['password file /none: not found'])
  })

  test('file that others can read, folder: ignored with a note', () => {
    for (const [file, note] of [
      [{ text, mode: 0o100640 }, /chmod 600/],
      [{ text, mode: 0o604 }, /chmod 600/],
      [{ text, isFile: false }, /not a regular file/],
    ] as const) {
      const resolved = resolve('host=a', { files: { '/home/me/.pgpass': file } })
      expect(resolved.hosts[0]).not.toHaveProperty('password')
      expect(resolved.notes).toEqual([expect.stringMatching(note)])
    }
  })
})

describe('values', () => {
  test('valid values: parsed', () => {
    const settings =
      "connect_timeout=' 5 ' keepalives=0 keepalives_idle=9 target_session_attrs=prefer-standby options='-c x=1' load_balance_hosts=random"
    expect(resolve(`${settings} fallback_application_name=dwh`)).toMatchObject({
      connectTimeoutSeconds: 5,
      keepalives: false,
      keepalivesIdleSeconds: 9,
      targetSessionAttrs: 'prefer-standby',
      loadBalanceHosts: 'random',
      options: '-c x=1',
      applicationName: 'dwh',
    })
    expect(resolve('connect_timeout=-1').connectTimeoutSeconds).toBeNull()
    expect(resolve('application_name=a fallback_application_name=b').applicationName).toBe('a')
  })

  for (const [input, said] of [
    ['sslmode=verify_full', /"verify_full".*Write verify-full/],
    ["sslmode=''", /sslmode must be one of/],
    ['sslmode=no-verify', /"no-verify"/],
    ['target_session_attrs=standbye', /Write standby\./],
    ['connect_timeout=5s', /must be a whole number/],
    ['connect_timeout=99999999999', /must be a whole number/],
    ['channel_binding=yes', /channel_binding/],
    ['ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=tlsv1.2', /less than the minimum/],
    ['ssl_min_protocol_version=SSLv3', /not a TLS version/],
    ['min_protocol_version=3.2 max_protocol_version=3.0', /greater than/],
  ] as const) {
    test(`refused: ${input}`, () => expect(refusal(input)).toMatch(said))
  }

  test('wrong value in a variable: the error names the variable', () => {
    expect(refusal('', { env: { PGSSLMODE: 'on' } })).toMatch(/^PGSSLMODE/)
  })
})

describe('require_auth', () => {
  test('list: the allowed methods', () => {
    expect(resolve('require_auth=scram-sha-256,md5').requireAuth).toEqual(['md5', 'scram-sha-256'])
    expect(resolve('require_auth=!password,!md5,!none').requireAuth).toEqual(['gss', 'sspi', 'scram-sha-256', 'oauth'])
    expect(resolve("require_auth=''").requireAuth).toBeNull()
  })

  for (const list of ['md5,!password', '!md5,password', 'md5,md5', 'scram', 'md5,', 'gss', 'oauth']) {
    test(`refused: ${list}`, () => expect(refusal(`require_auth=${list}`)).toMatch(/require_auth/))
  }
})

describe('unsupported settings', () => {
  test('safe to ignore: a note without the value', () => {
    const input =
      'krbsrvname=k gssdelegation=1 tcp_user_timeout=5 oauth_client_secret=Hunter2 scram_client_key=Hunter2 client_encoding=LATIN1 min_protocol_version=3.2'
    const { notes } = resolve(input)
    expect(notes).toHaveLength(7)
    expect(notes.join()).not.toContain('Hunter2')
    expect(resolve('gssencmode=prefer client_encoding=utf-8 sslcompression=0').notes).toEqual([])
  })

  test('not safe to ignore: refused', () => {
    expect(refusal('gssencmode=require')).toMatch(/GSSAPI/)
    expect(refusal('host=/tmp requirepeer=postgres')).toMatch(/requirepeer/)
    expect(resolve('host=db requirepeer=postgres').notes).toEqual([])
    expect(refusal('host=db sslcertmode=require')).toMatch(/sslcertmode/)
  })
})
