import { describe, expect, test } from 'vitest'
import { resolveConnection } from './resolve-connection.ts'
import { refusalOf, testEnvironment } from './test-support.ts'
import { tlsPlan } from './tls-plan.ts'

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\n'
const KEY = '-----BEGIN ENCRYPTED PRIVATE KEY-----\n'
const FILES = {
  '/ca': `a comment\n${CERTIFICATE}`,
  '/crl': '-----BEGIN X509 CRL-----\n',
  '/cert': CERTIFICATE,
  '/key': KEY,
  '/empty': '',
}

function plan(input: string, hostIndex = 0) {
  const environment = testEnvironment({ files: FILES })
  return tlsPlan(resolveConnection(input, environment), hostIndex, environment.readFile)
}

/** Each attempt in one word: plain, open (nothing verified), chain, name. */
function ways(input: string, hostIndex = 0): string[] {
  return plan(input, hostIndex).map(({ tls }) => {
    if (tls === false) return 'plain'
    if (!tls.rejectUnauthorized) return tls.checkServerIdentity === 'none' ? 'open' : 'wrong'
    return tls.checkServerIdentity === 'none' ? 'chain' : 'name'
  })
}

describe('each mode', () => {
  for (const [mode, without, with_] of [
    ['disable', ['plain'], ['plain']],
    ['allow', ['plain', 'open'], ['plain', 'chain']],
    ['prefer', ['open', 'plain'], ['chain', 'plain']],
    ['require', ['open'], ['chain']],
    ['verify-ca', null, ['chain']],
    ['verify-full', null, ['name']],
  ] as const) {
    test(mode, () => {
      if (without !== null) expect(ways(`host=db sslmode=${mode}`)).toEqual(without)
      expect(ways(`host=db sslmode=${mode} sslrootcert=/ca`)).toEqual(with_)
      expect(ways(`host=/tmp sslmode=${mode} sslrootcert=/ca`)).toEqual(['plain'])
    })
  }

  test('hostaddr beside the path of a socket: the address wins', () => {
    expect(ways('host=/tmp hostaddr=10.0.0.1 sslmode=require')).toEqual(['open'])
  })

  test('roots of the system: no ca, Node has its own', () => {
    expect(ways('host=db sslrootcert=system')).toEqual(['name'])
    expect(plan('host=db sslrootcert=system')[0]).not.toHaveProperty('tls.ca')
  })

  test('channel binding required: no attempt without TLS', () => {
    expect(ways('host=db channel_binding=require')).toEqual(['open'])
    expect(ways('host=db channel_binding=require sslmode=allow')).toEqual(['open'])
    expect(refusalOf(() => ways('host=db,/tmp channel_binding=require', 1))).toMatch(/Unix socket/)
  })
})

test('all files and settings: passed to tls.connect', () => {
  const input =
    'host=db hostaddr=10.0.0.1 sslmode=verify-full sslrootcert=/ca sslcrl=/crl sslcert=/cert sslkey=/key sslpassword=x sslnegotiation=direct ssl_max_protocol_version=tlsv1.3'
  expect(plan(input)).toEqual([
    {
      tls: {
        ca: FILES['/ca'],
        crl: FILES['/crl'],
        cert: CERTIFICATE,
        key: KEY,
        passphrase: 'x',
        rejectUnauthorized: true,
        servername: 'db',
        checkServerIdentity: 'full',
        identity: 'db',
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.3',
        direct: true,
      },
    },
  ])
})

test('address, or sslsni=0: no SNI, but the name is still checked', () => {
  for (const input of ['host=10.0.0.1', 'host=::1', 'host=db sslsni=0']) {
    expect(plan(`${input} sslrootcert=system`)[0]).not.toHaveProperty('tls.servername')
  }
  expect(plan('host=db sslsni=0')[0]).toHaveProperty('tls.identity', 'db')
})

test('several hosts: a plan for each', () => {
  expect(plan('host=a,b', 1)[0]).toHaveProperty('tls.servername', 'b')
  expect(() => plan('host=a,b', 2)).toThrow(RangeError)
})

test('file without a certificate: refused, since Node would trust every public root', () => {
  expect(refusalOf(() => plan('host=db sslmode=verify-ca sslrootcert=/empty'))).toMatch(/^sslrootcert: \/empty/)
  expect(refusalOf(() => plan('host=db sslcert=/cert sslkey=/empty'))).toMatch(/^sslkey: \/empty/)
  const resolved = resolveConnection('host=db sslmode=verify-ca sslrootcert=/ca', testEnvironment({ files: FILES }))
  expect(refusalOf(() => tlsPlan(resolved, 0, () => null))).toMatch(/cannot be read/)
})
