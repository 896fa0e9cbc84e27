import { expect, test } from 'vitest'
import { hasSpecialValues, misreadsType, READERS, readerGaps } from './index.ts'

test('readers: DuckDB has no gaps, every other reader misreads infinity', () => {
  const infinity = READERS.filter((reader) => readerGaps(reader, 'DATE').some(({ values }) => values === 'infinities'))
  expect(infinity).toEqual(READERS.filter((reader) => reader !== 'duckdb'))
})

test('readers: a list has the gaps of its elements, and those of lists', () => {
  expect(misreadsType('spark', 'UUID[]')).toBe(true)
  expect(misreadsType('hyparquet', 'DECIMAL(38,2)[]')).toBe(true)
  expect(misreadsType('clickhouse', 'INTEGER[]')).toBe(false)
  expect(readerGaps('clickhouse', 'DATE[]').map(({ values }) => values)).toEqual([
    'NULL lists',
    'infinities',
    'far years',
  ])
})

// days and microseconds from 2000-01-01
test.each([
  ['0001-01-01', 'DATE', { min: '-730119', max: '2921939' }, false],
  ['1 BC', 'DATE', { min: '-730120', max: '0' }, true],
  ['the year 10000', 'DATE', { min: '0', max: '2921940' }, true],
  ['0001-01-01 00:00:00', 'TIMESTAMP', { min: '-63082281600000000', max: '252455615999999999' }, false],
  ['1 BC, a microsecond before', 'TIMESTAMP', { min: '-63082281600000001', max: '0' }, true],
  ['the first moment of 10000, in a list', 'TIMESTAMP[]', { min: '0', max: '252455616000000000' }, true],
  ['no value', 'DATE', { min: null, max: null }, false],
] as const)('far years: %s in a %s: found where it is one', (_, type, measures, expected) => {
  expect(hasSpecialValues('far years', type, measures, 1)).toBe(expected)
})

test.each([
  ['-63082281600000000', true],
  ['-63082195200000001', true],
  ['-63082195200000000', false],
  ['-63082281600000001', false],
])('0001-01-01: a first moment %s microseconds from 2000, found: %s', (min, expected) => {
  expect(hasSpecialValues('0001-01-01', 'TIMESTAMP WITH TIME ZONE', { min, max: '0' }, 1)).toBe(expected)
})

test('special values: found by the measures of a column', () => {
  expect(hasSpecialValues('infinities', 'DATE', { infinite: '0' }, 3)).toBe(false)
  expect(hasSpecialValues('infinities', 'DATE', { infinite: '2' }, 3)).toBe(true)
  expect(hasSpecialValues('24:00', 'TIME', { max: '86399999999' }, 3)).toBe(false)
  expect(hasSpecialValues('24:00', 'TIME', { max: '86400000000' }, 3)).toBe(true)
  expect(hasSpecialValues('NULL lists', 'INTEGER[]', { values: '3' }, 3)).toBe(false)
  expect(hasSpecialValues('NULL lists', 'INTEGER[]', { values: '2' }, 3)).toBe(true)
})
