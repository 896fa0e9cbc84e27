import { expect, test } from 'vitest'
import { type OlderState, whereToLook } from './index.ts'

const file = { key: 'orders/2026/02/18.parquet', sha256: 'aa' }
const retained = {
  key: file.key,
  sha256: 'aa',
  retained_as: '_dwh/kept/r2/orders/2026/02/18.parquet',
  until: '2026-02-19T00:00:00Z',
}
const older = (found: Partial<OlderState>) => ({ older: { publishing: null, retained: [], pruned: [], ...found } })

test('whereToLook: a file that is written once, at its key alone', () => {
  const key = '_dwh/parts/orders/2026/02/18-20260218T030012Z-7f3a.parquet'
  expect(whereToLook({}, { ...file, key })).toEqual([key])
  expect(whereToLook({}, file)).toEqual([file.key])
})

test('whereToLook: version 3, a file that was replaced, staged, then final, then retained', () => {
  const publishing = { run_id: 'r1', date: '2026-02-18', keys: [file.key] }
  expect(whereToLook(older({ publishing, retained: [retained] }), file)).toEqual([
    `_dwh/stage/r1/${file.key}`,
    file.key,
    retained.retained_as,
  ])
})

test('whereToLook: version 3, other retained bytes and other staged keys, not included', () => {
  const publishing = { run_id: 'r1', date: '2026-02-18', keys: ['customers/2026/02/18.parquet'] }
  expect(whereToLook(older({ publishing, retained: [{ ...retained, sha256: 'bb' }] }), file)).toEqual([file.key])
})
