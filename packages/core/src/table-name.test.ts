import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTableName, isDwhError, isExactPattern, matchesTable, parseTableName } from './index.ts'

const identifier = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 })
const table = fc.record({ schema: fc.oneof(fc.constant('public'), identifier), name: identifier })

describe('formatTableName', () => {
  test.each([
    [{ schema: 'public', name: 'customers' }, 'customers'],
    [{ schema: 'billing', name: 'invoices' }, 'billing.invoices'],
    [{ schema: 'public', name: 'a.b' }, '"a.b"'],
    [{ schema: 'a', name: 'b' }, 'a.b'],
    [{ schema: 'bill ing', name: 'say "hi"' }, 'bill ing."say ""hi"""'],
  ])('%j is %s', (name, text) => {
    expect(formatTableName(name)).toBe(text)
    expect(parseTableName(text)).toEqual(name)
  })

  test.each(['__proto__', 'constructor', 'prototype', 'toString'])('%s is a key like any other', (name) => {
    const text = formatTableName({ schema: 'public', name })
    expect(text).toBe(`"${name}"`)
    expect(parseTableName(text)).toEqual({ schema: 'public', name })
    expect(parseTableName(name)).toEqual({ schema: 'public', name })
    expect(matchesTable(name, { schema: 'public', name })).toBe(true)
  })

  test('any name: read back unchanged', () => {
    fc.assert(
      fc.property(table, (name) => {
        expect(parseTableName(formatTableName(name))).toEqual(name)
      }),
    )
  })

  test('no two tables share a name', () => {
    fc.assert(
      fc.property(table, table, (a, b) => {
        const same = a.schema === b.schema && a.name === b.name
        expect(formatTableName(a) === formatTableName(b)).toBe(same)
      }),
    )
  })
})

describe('parseTableName', () => {
  test('schema public: may be written', () => {
    expect(parseTableName('public.orders')).toEqual({ schema: 'public', name: 'orders' })
  })

  test.each(['', '.', 'a.', '.a', 'a.b.c', '"a', 'a"b', '""', 'a.""', '"a"b'])('%j: refused', (text) => {
    expect(() => parseTableName(text)).toThrowError(expect.toSatisfy((e) => isDwhError(e, 'CONFIG_INVALID')))
  })
})

describe('matchesTable', () => {
  const orders = { schema: 'public', name: 'orders' }
  const invoices = { schema: 'billing', name: 'invoices' }
  test.each([
    ['*', orders, true],
    ['*', invoices, true],
    ['orders', orders, true],
    ['public.orders', orders, true],
    ['public.*', orders, true],
    ['public.*', invoices, false],
    ['billing.*', invoices, true],
    ['order?', orders, true],
    ['ord', orders, false],
    ['Orders', orders, false],
    ['invoices', invoices, false],
    ['*.invoices', invoices, true],
    ['a\\*b', { schema: 'public', name: 'a*b' }, true],
    ['a\\*b', { schema: 'public', name: 'axb' }, false],
    ['[x]', { schema: 'public', name: '[x]' }, true],
    ['a+(b)|c', { schema: 'public', name: 'a+(b)|c' }, true],
    ['"a.b"', { schema: 'public', name: 'a.b' }, true],
    ['a\nb', { schema: 'public', name: 'a\nb' }, true],
    ['?', { schema: 'public', name: '🦆' }, true],
  ])('%j on %j: %s', (pattern, name, expected) => expect(matchesTable(pattern, name)).toBe(expected))

  test('name with its wildcards escaped: matches itself, and is exact', () => {
    fc.assert(
      fc.property(table, (name) => {
        const pattern = formatTableName(name).replace(/[\\*?]/g, '\\$&')
        expect(matchesTable(pattern, name)).toBe(true)
        expect(isExactPattern(pattern)).toBe(true)
      }),
    )
  })
})
