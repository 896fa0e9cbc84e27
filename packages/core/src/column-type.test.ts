import { expect, test } from 'vitest'
import { isColumnType } from './index.ts'

test.each(['INTEGER', 'DECIMAL(10,2)', 'DECIMAL(38,38)', 'TIMESTAMP WITH TIME ZONE', 'DECIMAL(1,0)'])('%s', (text) =>
  expect(isColumnType(text)).toBe(true),
)

test.each([
  'integer',
  'HUGEINT',
  'DECIMAL(39,2)',
  'DECIMAL(5,6)',
  'DECIMAL(0,0)',
  'VARCHAR[][]',
  'INTEGER); DROP',
  '',
  'STRUCT(a INT)',
])('not %s', (text) => expect(isColumnType(text)).toBe(false))
