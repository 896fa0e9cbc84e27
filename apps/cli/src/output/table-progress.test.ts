import fc from 'fast-check'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { tableProgress } from './table-progress.ts'

const progress = { rows: null, bytes: 50e6, estimatedRows: 1e6, estimatedBytes: 100e6, elapsedMs: 2000 }

test('width: the bar gives way first, then the rate, then the name', () => {
  expect(tableProgress('orders', progress, 100)).toBe(
    'orders  ██████████░░░░░░░░░░  50.0 MB of about 100.0 MB  25.0 MB/s, about 2.0 s left',
  )
  expect(tableProgress('orders', progress, 78)).toBe(
    'orders  █████░░░░░  50.0 MB of about 100.0 MB  25.0 MB/s, about 2.0 s left',
  )
  expect(tableProgress('invoices_of_the_customers', progress, 78)).toBe(
    'invoices_of_the_cust…  █████░░░░░  50.0 MB of about 100.0 MB  about 2.0 s left',
  )
  expect(tableProgress('invoices_of_the_customers', progress, 30)).toBe('invoices_of_the_cust…  50.0 MB')
})

test('any name, progress and width: the line fits', () => {
  const count = fc.nat(1e15)
  const any = fc.record({
    rows: fc.option(count),
    bytes: count,
    estimatedRows: fc.option(count),
    estimatedBytes: fc.option(count),
    elapsedMs: count,
  })
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }),
      any,
      fc.integer({ min: 20, max: 200 }),
      (name, value, width) => {
        const line = tableProgress(name, value, width)
        expect(stringWidth(line)).toBeLessThanOrEqual(width)
      },
    ),
  )
})
