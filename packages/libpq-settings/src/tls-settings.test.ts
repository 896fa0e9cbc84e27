import { describe, expect, test } from 'vitest'
import { resolveConnection } from './resolve-connection.ts'
import { refusalOf, testEnvironment } from './test-support.ts'

type Files = NonNullable<NonNullable<Parameters<typeof testEnvironment>[0]>['files']>

const HOME = '/home/me/.postgresql'
const ROOT: Files = { [`${HOME}/root.crt`]: 'root' }
const CLIENT: Files = { [`${HOME}/postgresql.crt`]: 'cert', [`${HOME}/postgresql.key`]: 'key' }

const resolve = (input: string, files: Files = {}) => resolveConnection(input, testEnvironment({ files }))
const refusal = (input: string, files: Files = {}) => refusalOf(() => resolve(input, files))

describe('root certificate', () => {
  test('default and sslrootcert: file in the home folder, or the configured one', () => {
    expect(resolve('host=db', ROOT).sslrootcert).toBe(`${HOME}/root.crt`)
    expect(resolve('host=db sslrootcert=/ca.pem', { ...ROOT, '/ca.pem': '' }).sslrootcert).toBe('/ca.pem')
    expect(resolve('host=db sslmode=require').sslrootcert).toBeNull()
  })

  test('no TLS possible: not searched', () => {
    expect(resolve('host=/tmp sslmode=verify-full', ROOT).sslrootcert).toBeNull()
    expect(resolve('host=db sslmode=disable', ROOT).sslrootcert).toBeNull()
  })

  test('missing: an error with a hint if sslmode verifies, else a note if it was configured', () => {
    for (const mode of ['verify-ca', 'verify-full']) {
      expect(refusal(`host=db sslmode=${mode}`)).toMatch(/root\.crt does not exist -> .*sslrootcert=system/)
      expect(refusal(`host=db sslmode=${mode} sslrootcert=/none`, ROOT)).toMatch(/\/none does not exist/)
    }
    expect(resolve('host=db sslmode=require sslrootcert=/none', ROOT).notes).toEqual([
      expect.stringMatching(/\/none does not exist, so sslmode=require does not verify/),
    ])
  })

  test('system: sslmode defaults to verify-full, and weaker modes are refused', () => {
    expect(resolve('host=db sslrootcert=system')).toMatchObject({ sslmode: 'verify-full', sslrootcert: 'system' })
    expect(refusal('host=db sslrootcert=system sslmode=verify-ca')).toMatch(/too weak/)
  })
})

describe('client certificate', () => {
  test('default: file in the home folder with its key, or none', () => {
    expect(resolve('host=db sslpassword=x', CLIENT)).toMatchObject({
      sslcert: `${HOME}/postgresql.crt`,
      sslkey: `${HOME}/postgresql.key`,
      sslpassword: 'x',
    })
    const none = { sslcert: null, sslkey: null, sslpassword: null }
    expect(resolve('host=db sslpassword=x sslkey=/none')).toMatchObject(none)
    expect(resolve('host=db sslcertmode=disable', CLIENT)).toMatchObject(none)
    expect(resolve('host=/tmp', CLIENT)).toMatchObject(none)
    expect(resolve('host=db sslcert=/none').notes).toEqual([expect.stringContaining('/none does not exist')])
  })

  for (const [mode, ownedByRoot, right] of [
    [0o600, false, true],
    [0o400, false, true],
    [0o100600, false, true],
    [0o640, true, true],
    [0o640, false, false],
    [0o660, true, false],
    [0o644, true, false],
    [0o604, false, false],
  ] as const) {
    test(`a key of mode ${mode.toString(8)}${ownedByRoot ? ' of root' : ''}: ${right ? 'accepted' : 'refused'}`, () => {
      const files = { ...CLIENT, [`${HOME}/postgresql.key`]: { text: 'key', mode, ownedByRoot } }
      if (right) expect(resolve('host=db', files).sslkey).toBe(`${HOME}/postgresql.key`)
      else expect(refusal('host=db', files)).toMatch(/other users have access .*chmod 600/)
    })
  }

  test('key that is missing, a folder, or of an engine: refused', () => {
    expect(refusal('host=db sslkey=/none', CLIENT)).toMatch(/\/none does not exist/)
    expect(refusal('host=db sslkey=pkcs11:mine', CLIENT)).toMatch(/engines/)
    expect(refusal('host=db sslkey=/folder', { ...CLIENT, '/folder': { text: '', isFile: false } })).toMatch(
      /regular file/,
    )
  })
})

describe('revocation list', () => {
  const CRL: Files = { [`${HOME}/root.crl`]: 'crl' }

  test('with a root certificate file: used, else ignored with a note', () => {
    expect(resolve('host=db', { ...ROOT, ...CRL }).sslcrl).toBe(`${HOME}/root.crl`)
    expect(resolve('host=db', CRL)).toMatchObject({ sslcrl: null, notes: [] })
    expect(resolve('host=db sslcrl=/x', CRL).notes).toEqual([expect.stringContaining('ignored')])
    expect(resolve('host=db sslcrl=/none', { ...ROOT, ...CRL })).toMatchObject({
      sslcrl: null,
      notes: [expect.stringContaining('/none does not exist')],
    })
  })

  test('folder of lists: refused if it would be used', () => {
    expect(refusal('host=db sslcrldir=/crls', ROOT)).toMatch(/one file/)
    expect(resolve('host=db sslcrldir=/crls').sslcrl).toBeNull()
  })
})

describe('contradictory settings: refused', () => {
  for (const [input, said] of [
    ['host=db sslnegotiation=direct', /sslmode=prefer is too weak/],
    ['host=db sslnegotiation=direct sslmode=allow', /too weak/],
    ['host=db channel_binding=require sslmode=disable', /no TLS with sslmode=disable/],
    ['host=/tmp channel_binding=require', /no TLS on a Unix socket/],
    ['hostaddr=10.0.0.1 sslrootcert=system', /no name to check/],
  ] as const) {
    test(input, () => expect(refusal(input)).toMatch(said))
  }
})
