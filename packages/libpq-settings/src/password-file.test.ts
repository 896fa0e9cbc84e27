import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPassword } from './password-file.ts'

const KEY = { host: 'db', port: 5432, database: 'sales', user: 'me' }

// libpq 18.6 gives the same answer for each of them
describe('password file: one line', () => {
  for (const [line, password] of [
    ['db:5432:sales:me:secret', 'secret'],
    ['*:*:*:*:secret', 'secret'],
    ['db:5432:sales:me:a\\:b\\\\c\\d', 'a:b\\cd'],
    ['db:5432:sales:me:before:after', 'before'],
    ['db:5432:sales:me:end\\', 'end\\'],
    ['db:5432:sales:me: spaces ', ' spaces '],
    ['db:5432:sales:me:secret\r', 'secret'],
    ['db:5432:sales:me:', ''],
    ['d\\b:5432:sal\\es:me:secret', 'secret'],
    ['\\*:*:*:*:secret', null],
    ['**:*:*:*:secret', null],
    ['db:5433:sales:me:secret', null],
    ['DB:5432:sales:me:secret', null],
    [' db:5432:sales:me:secret', null],
    ['#db:5432:sales:me:secret', null],
    ['db:5432:sales:me', null],
    ['db:5432:sales', null],
    ['', null],
  ] as const) {
    test(JSON.stringify(line), () => expect(findPassword(line, KEY)).toBe(password))
  }
})

test('several matching lines: the first wins, even if its password is empty', () => {
  expect(findPassword('other:*:*:*:a\n*:*:*:me:b\ndb:*:*:*:c\n', KEY)).toBe('b')
  expect(findPassword('*:*:*:me:\n*:*:*:*:c', KEY)).toBe('')
})

test('escaped fields: they match and are read back unchanged', () => {
  const field = fc.string({ unit: 'binary' }).filter((value) => !/[\r\n\0]/.test(value))
  const first = field.filter((value) => !value.startsWith('#'))
  const escaped = (value: string) => (value === '*' ? '\\*' : value.replaceAll(/[\\:]/g, '\\$&'))
  fc.assert(
    fc.property(first, fc.nat(65535), field, field, field, (host, port, database, user, password) => {
      const line = `${[host, String(port), database, user].map(escaped).join(':')}:${escaped(password)}`
      expect(findPassword(`x:1:y:z:no\n${line}\n*:*:*:*:later`, { host, port, database, user })).toBe(password)
      expect(findPassword(line, { host, port, database, user: `${user}x` })).toBe(null)
    }),
  )
})
