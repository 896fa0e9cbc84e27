import { describe, expect, test } from 'vitest'
import { resolveConnection } from './resolve-connection.ts'
import { refusalOf, testEnvironment } from './test-support.ts'

type Files = NonNullable<NonNullable<Parameters<typeof testEnvironment>[0]>['files']>

const HOME = '/home/me/.postgresql'
const ROOT: Files = { [`${HOME}/root.crt`]: 'root' }
const CLIENT: Files = { [`${HOME}/postgresql.crt`]: 'cert', [`${HOME}/postgresql.key`]: 'key' }

const resolve = (input: string, files: Files = {}) => resolveConnection(input, testEnvironment({ files }))
const refusal = (input: string, files: Files = {}) => refusalOf(() => resolve(input, files))

describe('the root certificate', () => {
  test('of the home folder, or as named', () => {
    expect(resolve('host=db', ROOT).sslrootcert).toBe(`${HOME}/root.crt`)
    expect(resolve('host=db sslrootcert=/ca.pem', { ...ROOT, '/ca.pem': '' }).sslrootcert).toBe('/ca.pem')
    expect(resolve('host=db sslmode=require').sslrootcert).toBeNull()
  })

  test('is looked for only where there can be TLS', () => {
    expect(resolve('host=/tmp sslmode=verify-full', ROOT).sslrootcert).toBeNull()
    expect(resolve('host=db sslmode=disable', ROOT).sslrootcert).toBeNull()
  })

  test('is missing: an error that names the ways out to who verifies, else a note for who named it', () => {
    for (const mode of ['verify-ca', 'verify-full']) {
      expect(refusal(`host=db sslmode=${mode}`)).toMatch(/root\.crt does not exist -> .*sslrootcert=system/)
      expect(refusal(`host=db sslmode=${mode} sslrootcert=/none`, ROOT)).toMatch(/\/none does not exist/)
    }
    expect(resolve('host=db sslmode=require sslrootcert=/none', ROOT).notes).toEqual([
      expect.stringMatching(/\/none does not exist, so sslmode=require does not verify/),
    ])
  })

  test('of the system makes the default verify-full, and nothing weaker goes with it', () => {
    expect(resolve('host=db sslrootcert=system')).toMatchObject({ sslmode: 'verify-full', sslrootcert: 'system' })
    expect(refusal('host=db sslrootcert=system sslmode=verify-ca')).toMatch(/too weak/)
  })
})

describe('the client certificate', () => {
  test('of the home folder, with its key; or none', () => {
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
    test(`a key of mode ${mode.toString(8)}${ownedByRoot ? ' of root' : ''}: ${right ? 'taken' : 'refused'}`, () => {
      const files = { ...CLIENT, [`${HOME}/postgresql.key`]: { text: 'key', mode, ownedByRoot } }
      if (right) expect(resolve('host=db', files).sslkey).toBe(`${HOME}/postgresql.key`)
      else expect(refusal('host=db', files)).toMatch(/others .* have access .*chmod 600/)
    })
  }

  test('a key that is missing, a folder, or of an engine', () => {
    expect(refusal('host=db sslkey=/none', CLIENT)).toMatch(/\/none does not exist/)
    expect(refusal('host=db sslkey=pkcs11:mine', CLIENT)).toMatch(/engines/)
    expect(refusal('host=db sslkey=/folder', { ...CLIENT, '/folder': { text: '', isFile: false } })).toMatch(
      /plain file/,
    )
  })
})

describe('the revocation list', () => {
  const CRL: Files = { [`${HOME}/root.crl`]: 'crl' }

  test('counts beside a root certificate of one’s own', () => {
    expect(resolve('host=db', { ...ROOT, ...CRL }).sslcrl).toBe(`${HOME}/root.crl`)
    expect(resolve('host=db', CRL)).toMatchObject({ sslcrl: null, notes: [] })
    expect(resolve('host=db sslcrl=/x', CRL).notes).toEqual([expect.stringContaining('not looked at')])
    expect(resolve('host=db sslcrl=/none', { ...ROOT, ...CRL })).toMatchObject({
      sslcrl: null,
      notes: [expect.stringContaining('/none does not exist')],
    })
  })

  test('as a folder is refused, where it would have counted', () => {
    expect(refusal('host=db sslcrldir=/crls', ROOT)).toMatch(/one file/)
    expect(resolve('host=db sslcrldir=/crls').sslcrl).toBeNull()
  })
})

describe('settings that contradict each other', () => {
  for (const [input, said] of [
    ['host=db sslnegotiation=direct', /sslmode=prefer is too weak/],
    ['host=db sslnegotiation=direct sslmode=allow', /too weak/],
    ['host=db channel_binding=require sslmode=disable', /no TLS with sslmode=disable/],
    ['host=/tmp channel_binding=require', /no TLS on a Unix socket/],
    ['hostaddr=10.0.0.1 sslrootcert=system', /no name to look for/],
  ] as const) {
    test(input, () => expect(refusal(input)).toMatch(said))
  }
})
