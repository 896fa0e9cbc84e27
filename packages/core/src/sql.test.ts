import { expect, test } from 'vitest'
import { quoteIdentifier, quoteLiteral } from './index.ts'

test('quoting: quotes are doubled, nothing else changes', () => {
  expect(quoteIdentifier('a"b\\c')).toBe('"a""b\\c"')
  expect(quoteLiteral("a'b\\c")).toBe("'a''b\\c'")
})
