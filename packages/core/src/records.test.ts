import { expect, test } from 'vitest'
import { emptyRecord, own } from './records.ts'

test.each(['__proto__', 'constructor', 'toString'])('record with the key %s: a key like any other', (name) => {
  const record = emptyRecord<number>()
  expect(own(record, name)).toBeUndefined()
  record[name] = 1
  expect([own(record, name), JSON.stringify(record)]).toEqual([1, `{"${name}":1}`])
  expect(own({}, name)).toBeUndefined()
})
