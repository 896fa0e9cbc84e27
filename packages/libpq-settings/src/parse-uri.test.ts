import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIBPQ_READINGS } from './libpq-readings.test-support.ts'
import { isUri, parseUri } from './parse-uri.ts'
import { refusalOf } from './test-support.ts'

const read = (uri: string) => Object.fromEntries(parseUri(uri))

describe('URI: same result as libpq', () => {
  for (const [text, settings] of LIBPQ_READINGS.filter(([text]) => isUri(text))) {
    test(text, () => {
      if (settings === null) refusalOf(() => read(text))
      else expect(read(text)).toEqual(settings)
    })
  }
})

describe('unencoded @', () => {
  for (const uri of [
    'postgres://me:left@right@db/sales',
    'postgres://me:left/right@db/sales',
    'postgres://me:5432/right@db/sales',
    'postgres://me:left@db/sales/right@other',
  ]) {
    test(uri, () => {
      const refusal = refusalOf(() => read(uri))
      expect(refusal).toContain('%40')
      expect(refusal).not.toMatch(/left|right/)
    })
  }

  test('in the query, as in the account names of some hosters: accepted', () => {
    expect(read('postgres://db/sales?user=me@server')).toEqual({ host: 'db', dbname: 'sales', user: 'me@server' })
  })
})

test('unknown keyword: the error names it and the right one', () => {
  expect(refusalOf(() => read('postgres://db?slmode=require'))).toMatch(/"slmode".*sslmode/)
  expect(refusalOf(() => read('postgres://db?database=x'))).toMatch(/dbname/)
  expect(refusalOf(() => read('postgres://db?pgbouncer=true'))).toMatch(/Prisma/)
})

test('unencoded password in the query: not repeated', () => {
  expect(refusalOf(() => read('postgres://db?password=half&otherhalf=x'))).not.toContain('half')
})

test('bytes that are not UTF-8: refused, unlike in libpq', () => {
  expect(refusalOf(() => read('postgres://db/%ff'))).toContain('UTF-8')
})

// any text except NUL, which cannot be encoded, and lone surrogates, which are not valid text
const text = fc.string({ unit: 'binary', minLength: 1 }).filter((value) => !value.includes('\0'))
const port = fc.integer({ min: 1, max: 65535 }).map(String)

test('encoded text in any part: read back unchanged', () => {
  const encode = encodeURIComponent
  const host = text.filter((value) => !value.includes(','))
  fc.assert(
    fc.property(
      text,
      text,
      fc.array(fc.tuple(host, port), { minLength: 1 }),
      text,
      text,
      (user, password, hosts, dbname, options) => {
        const places = hosts.map(([name, number]) => `${encode(name)}:${number}`).join(',')
        const uri = `postgres://${encode(user)}:${encode(password)}@${places}/${encode(dbname)}?options=${encode(options)}`
        expect(read(uri)).toEqual({
          user,
          password,
          host: hosts.map(([name]) => name).join(','),
          port: hosts.map(([, number]) => number).join(','),
          dbname,
          options,
        })
      },
    ),
  )
})

test('malformed URI: the error never contains the password', () => {
  const noise = fc.string({ unit: fc.constantFrom(...'@:/?#&=%,[]h1 ') })
  fc.assert(
    fc.property(noise, noise, noise, noise, (before, left, right, after) => {
      const uri = `postgres://u${before}:${left}Hunter2${right}@${after}db`
      try {
        read(uri)
      } catch {
        expect(refusalOf(() => read(uri))).not.toContain('Hunter2')
      }
    }),
    { numRuns: 2000 },
  )
})
