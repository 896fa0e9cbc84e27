import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatRunId,
  manifestDay,
  manifestKey,
  runRecordKey,
  runStartedAt,
  stageKey,
  tableFileKey,
  tableSegment,
} from './index.ts'

const identifier = fc.string({ unit: 'binary', minLength: 1, maxLength: 63 })
const table = fc.record({ schema: fc.oneof(fc.constant('public'), identifier), name: identifier })

describe('tableSegment', () => {
  test.each([
    ['public', 'customers', 'customers'],
    ['billing', 'invoices', 'billing.invoices'],
    ['public', 'order_items-2', 'order_items-2'],
    ['public', '../../etc/x', '%2E%2E%2F%2E%2E%2Fetc%2Fx'],
    ['public', 'a*b', 'a%2Ab'],
    ['public', '[x]', '%5Bx%5D'],
    ['public', 'quo"te', 'quo%22te'],
    ['public', '_dwh', '%5Fdwh'],
    ['billing', '_x', 'billing.%5Fx'],
    ['public', 'a.b', 'a%2Eb'],
    ['public', '🦆', '%F0%9F%A6%86'],
    ['public', 'etl.json', 'etl%2Ejson'],
    ['public', '100%', '100%25'],
  ])('%s %s is %s', (schema, name, segment) => expect(tableSegment({ schema, name })).toBe(segment))

  test('schema and table of 63 non-ASCII bytes: below the limit of file systems, and distinct', () => {
    const long = 'ü'.repeat(31)
    const a = tableSegment({ schema: long, name: `${long}a` })
    const b = tableSegment({ schema: long, name: `${long}b` })
    expect(a.length).toBeLessThanOrEqual(200)
    expect(a).toMatch(/^(%[0-9A-F]{2})+~[0-9a-f]{32}$/)
    expect(a).not.toBe(b)
  })

  test('any name: one safe segment, and no two tables share one', () => {
    fc.assert(
      fc.property(table, table, (a, b) => {
        const segment = tableSegment(a)
        expect(segment).toMatch(/^[A-Za-z0-9%-][A-Za-z0-9_%~.-]*$/)
        expect(segment.length).toBeLessThanOrEqual(200)
        expect(['.', '..', '_dwh', 'etl.json']).not.toContain(segment)
        const same = a.schema === b.schema && a.name === b.name
        expect(segment === tableSegment(b)).toBe(same)
      }),
      { numRuns: 1000 },
    )
  })
})

test('keys', () => {
  const file = tableFileKey({ schema: 'billing', name: 'invoices' }, '2026-02-18')
  expect(file).toBe('billing.invoices/2026/02/18.parquet')
  expect(manifestKey('2026-02-18')).toBe('_dwh/snapshots/2026/02/18.json')
  expect(manifestDay('_dwh/snapshots/2026/02/18.json')).toBe('2026-02-18')
  expect(manifestDay('_dwh/snapshots/2026/02/18.json.tmp')).toBeNull()
  expect(stageKey('r1', file)).toBe('_dwh/stage/r1/billing.invoices/2026/02/18.parquet')
  expect(runRecordKey('r1')).toBe('_dwh/runs/r1.json')
})

test('run id: contains its start, sorts by it, and is safe in a key', () => {
  const id = formatRunId(new Date('2026-02-18T03:00:12.456Z'), Uint8Array.of(0x7f, 0x3a, 0, 1))
  expect(id).toBe('20260218T030012Z-7f3a0001')
})

test('runStartedAt: a run id, its start', () => {
  const id = formatRunId(new Date('2026-02-18T03:00:12.456Z'), Uint8Array.of(1, 2))
  expect(runStartedAt(id)).toEqual(new Date('2026-02-18T03:00:12Z'))
  expect(runStartedAt('20260218')).toBeNull()
  expect(runStartedAt('20260218T030012Z-')).toBeNull()
})
