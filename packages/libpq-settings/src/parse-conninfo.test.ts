import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KEYWORDS } from './keywords.ts'
import { LIBPQ_READINGS } from './libpq-readings.test-support.ts'
import { parseConninfo } from './parse-conninfo.ts'
import { isUri } from './parse-uri.ts'
import { refusalOf } from './test-support.ts'

const read = (text: string) => Object.fromEntries(parseConninfo(text))

describe('connection string: same result as libpq', () => {
  for (const [text, settings] of LIBPQ_READINGS.filter(([text]) => !isUri(text))) {
    test(JSON.stringify(text), () => {
      if (settings === null) refusalOf(() => read(text))
      else expect(read(text)).toEqual(settings)
    })
  }
})

test('unknown keyword: the error names it and the right one', () => {
  expect(refusalOf(() => read('Host=db'))).toMatch(/"Host".*Write host/)
  expect(refusalOf(() => read('host=db conect_timeout=5'))).toMatch(/connect_timeout/)
})

test('unquoted password: words after it are not repeated', () => {
  expect(refusalOf(() => read('password=correct horse=battery staple'))).not.toMatch(/horse|battery|staple/)
  expect(refusalOf(() => read('password=correct horse'))).not.toMatch(/correct|horse/)
  expect(refusalOf(() => read("password='correct horse"))).not.toMatch(/correct|horse/)
})

const quote = (value: string) => `'${value.replaceAll(/[\\']/g, '\\$&')}'`
const escaped = (value: string) => value.replaceAll(/[\\' \t\n\v\f\r]/g, '\\$&')

test('quoted and escaped values: read back unchanged', () => {
  const pair = fc.tuple(fc.constantFrom(...KEYWORDS), fc.string({ unit: 'binary' }), fc.boolean())
  const space = fc.constantFrom('', ' ', '\n\t')
  fc.assert(
    fc.property(fc.uniqueArray(pair, { selector: ([keyword]) => keyword }), space, (pairs, between) => {
      const text = pairs.map(
        ([keyword, value, bare]) =>
          // an unquoted empty value would take the next pair as its value
          `${keyword}${between}=${between}${bare && value !== '' ? escaped(value) : quote(value)}`,
      )
      expect(read(text.join(' '))).toEqual(Object.fromEntries(pairs.map(([keyword, value]) => [keyword, value])))
    }),
  )
})

test('malformed string: the error never contains the password', () => {
  const noise = fc.string({ unit: fc.constantFrom(' ', '=', "'", '\\', 'x', 'user', 'host=db ') })
  fc.assert(
    fc.property(noise, noise, noise, (left, right, after) => {
      const text = `host=db password=${left}Hunter2${right} ${after}`
      try {
        read(text)
      } catch {
        expect(refusalOf(() => read(text))).not.toContain('Hunter2')
      }
    }),
    { numRuns: 2000 },
  )
})
