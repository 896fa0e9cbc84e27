import { expect, test } from 'vitest'
import { assignColumnIds } from './column-ids.ts'
import type { ColumnEntry } from './state.ts'

const column = (name: string, type = 'INTEGER') => ({ name, type, nullable: true, source_type: null })
const ids = (columns: readonly ColumnEntry[]) =>
  Object.fromEntries(
    columns.map(({ name, id, element_id }) => [name, element_id === undefined ? id : [id, element_id]]),
  )

test('column ids: a new table is numbered in the order of its columns; a list has one for its elements, too', () => {
  const { columns, lastId } = assignColumnIds([column('id'), column('tags', 'VARCHAR[]'), column('at')], [], 0)
  expect([ids(columns), lastId]).toEqual([{ id: 1, tags: [2, 3], at: 4 }, 4])
})

test('column ids: columns that stay keep theirs in any order; a renamed and a new one get new ones', () => {
  const first = assignColumnIds([column('a'), column('b'), column('tags', 'VARCHAR[]')], [], 0)
  const { columns, lastId } = assignColumnIds(
    [column('tags', 'VARCHAR[]'), column('c'), column('a')],
    first.columns,
    first.lastId,
  )
  expect([ids(columns), lastId]).toEqual([{ tags: [3, 4], c: 5, a: 1 }, 5])
})

test('column ids: a column that is dropped and comes back is another one', () => {
  const first = assignColumnIds([column('a'), column('b')], [], 0)
  const without = assignColumnIds([column('a')], first.columns, first.lastId)
  const back = assignColumnIds([column('a'), column('b')], without.columns, without.lastId)
  expect([ids(back.columns), back.lastId]).toEqual([{ a: 1, b: 3 }, 3])
})

test.each([
  ['SMALLINT', 'INTEGER'],
  ['INTEGER', 'BIGINT'],
  ['INTEGER', 'SMALLINT'],
  ['UINTEGER', 'BIGINT'],
  ['FLOAT', 'DOUBLE'],
  ['DECIMAL(10,2)', 'DECIMAL(12,2)'],
  ['INTEGER[]', 'BIGINT[]'],
])('column ids: %s becomes %s, the same column', (before, now) => {
  const first = assignColumnIds([column('a', before)], [], 0)
  const after = assignColumnIds([column('a', now)], first.columns, first.lastId)
  expect(ids(after.columns)).toEqual(ids(first.columns))
})

test.each([
  ['BIGINT', 'INTEGER'],
  ['DOUBLE', 'FLOAT'],
  ['INTEGER', 'DOUBLE'],
  ['DECIMAL(10,2)', 'DECIMAL(12,3)'],
  ['DECIMAL(12,2)', 'DECIMAL(10,2)'],
  ['VARCHAR', 'JSON'],
  ['INTEGER', 'INTEGER[]'],
  ['INTEGER[]', 'INTEGER'],
  ['TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'],
])('column ids: %s becomes %s, another column', (before, now) => {
  const first = assignColumnIds([column('a', before)], [], 0)
  const after = assignColumnIds([column('a', now)], first.columns, first.lastId)
  expect(after.columns[0]?.id).toBe(first.lastId + 1)
})

test('column ids: entries of before, without ids, are numbered from the highest that the table ever had', () => {
  expect(ids(assignColumnIds([column('a')], [column('a')], 7).columns)).toEqual({ a: 8 })
})
