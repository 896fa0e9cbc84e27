import { expect, test } from 'vitest'
import { rowEncoder } from './encode-rows.ts'

test('batch of long rows: pieces of whole lines, every row in one of them', () => {
  const encoder = rowEncoder(
    [
      { name: 'n', type: 'INTEGER' },
      { name: 't', type: 'VARCHAR' },
    ],
    1024 * 1024,
    true,
  )
  const batch = Array.from({ length: 50 }, (_, n) => [String(n), 'y'.repeat(300_000)])
  const pieces = [...encoder.encode(batch)]
  expect(pieces.length).toBeGreaterThan(10)
  for (const piece of pieces) {
    expect(piece.length).toBeLessThan(2 * 1024 * 1024)
    expect(piece.endsWith('\n')).toBe(true)
  }
  const lines = pieces.join('').trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(batch)
  expect(encoder.rows).toBe(50)
  expect([...encoder.encode([])]).toEqual([])
})

test('row of exactly maxRowBytes: accepted; one byte more: refused with its number', () => {
  const columns = [{ name: 't', type: 'VARCHAR' }] as const
  // 5 bytes more: `["`, `"]` and the end of the line
  const text = 'ü'.repeat(100)
  expect([...rowEncoder(columns, 205, true).encode([[text]])]).toEqual([`["${text}"]\n`])
  expect(() => [...rowEncoder(columns, 204, true).encode([['x'], [text]])]).toThrowError(
    expect.objectContaining({ code: 'ROW_TOO_LARGE', context: { bytes: 209 } }),
  )
})
