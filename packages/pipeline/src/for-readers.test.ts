import type { Reader, SourceColumn } from '@dwh/core'
import { expect, test } from 'vitest'
import { forReaders } from './for-readers.ts'

const TEXT = { type: 'VARCHAR', inferred: false } as const
const uuid: SourceColumn = { name: 'id', type: 'UUID', sourceType: 'uuid', allowedTypes: { text: TEXT } }
const uuids: SourceColumn = {
  name: 'ids',
  type: 'JSON',
  inferred: true,
  expectedType: 'UUID[]',
  allowedTypes: { text: TEXT, json: TEXT },
}

const readers: readonly Reader[] = ['clickhouse', 'spark']

test('for readers: a type that one misreads becomes text, for that one; its values are checked for all', () => {
  expect(forReaders({ column: uuid, choice: null }, readers, 't')).toMatchObject({
    type: 'VARCHAR',
    storeAs: 'text',
    storedFor: ['spark'],
    readBy: readers,
  })
})

test('for readers: an array becomes JSON text, where its expected type is misread', () => {
  expect(forReaders({ column: uuids, choice: null }, readers, 't')).toMatchObject({
    type: 'VARCHAR',
    inferred: false,
    storeAs: 'json',
    storedFor: ['spark'],
  })
  const known = forReaders({ column: uuids, choice: null }, ['clickhouse'], 't')
  expect(known).toMatchObject({ type: 'JSON', inferred: true, readBy: ['clickhouse'] })
  expect(known.storedFor).toBeUndefined()
})

test('for readers: the choice of the user stays, and names who misreads it', () => {
  const asItIs = forReaders({ column: uuid, choice: 'default' }, readers, 't')
  expect(asItIs).toMatchObject({ type: 'UUID', misreadBy: ['spark'], readBy: [] })
  const chosen = { ...uuid, ...TEXT, storeAs: 'text' } as const
  const text = forReaders({ column: chosen, choice: 'text' }, readers, 't')
  expect(text).toMatchObject({ type: 'VARCHAR', storeAs: 'text', readBy: readers })
  expect([text.misreadBy, text.storedFor]).toEqual([undefined, undefined])
})

test('for readers: no other type in the source, refused by table, column and reader', () => {
  const { allowedTypes: _, ...only } = uuid
  expect(() => forReaders({ column: only, choice: null }, readers, 'billing.t')).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: 'billing.t: column id: spark cannot read UUID',
      hint: expect.stringContaining('columns.types.id: default'),
    }),
  )
})

test('for readers: without readers, a column is as it was', () => {
  expect(forReaders({ column: uuid, choice: null }, [], 't')).toBe(uuid)
})
