import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ColumnSize, fitColumns } from './fit-columns.ts'

const text = (values: number, name = 4): ColumnSize => ({ name, values, cuttable: true })
const number = (values: number, name = 2): ColumnSize => ({ name, values, cuttable: false })

/** Widths as ` a │ b `; `…` where columns are left out. */
function fitted(columns: readonly ColumnSize[], width: number): string {
  const { shown, gap } = fitColumns(columns, width)
  const texts = shown.map(({ index, width }) => `${index}:${width}`)
  if (gap !== null) texts.splice(gap, 0, '…')
  return texts.join(' ')
}

test.each<[string, readonly ColumnSize[], number, string]>([
  ['all fit: each as wide as its values or its name', [number(1), text(20)], 80, '0:2 1:20'],
  ['exactly as wide as the terminal: all fit', [number(3), text(20)], 28, '0:3 1:20'],
  ['one cell too wide: the text is cut', [number(3), text(20)], 27, '0:3 1:19'],
  ['one long text: it is cut, the others are not', [number(3), text(20), text(90)], 80, '0:3 1:20 2:49'],
  ['several long texts: the same room for each', [text(500), text(90), number(5)], 80, '0:34 1:33 2:5'],
  ['a number and a date: never cut', [number(10), text(90), number(29)], 60, '0:10 1:13 2:29'],
  [
    'too many columns: the first ones and the last one stay',
    Array(10).fill(text(40)),
    80,
    '0:13 1:13 2:12 3:12 … 9:12',
  ],
  ['only room for the first column', [text(40), text(40)], 20, '0:14 …'],
  ['a column alone: cut', [text(4000)], 20, '0:18'],
  ['a column alone that is no text: cut as a last resort', [number(60)], 20, '0:18'],
  ['a long name over short values: the name is cut', [number(1, 40), text(10)], 30, '0:15 1:10'],
  ['no columns', [], 80, ''],
])('%s', (_, columns, width, expected) => {
  expect(fitted(columns, width)).toBe(expected)
})

test('any columns: at least one is shown, in their order, none wider than it needs, in the width', () => {
  const column = fc.record({ name: fc.nat(60), values: fc.nat(5000), cuttable: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(column, { minLength: 1, maxLength: 1000 }),
      fc.integer({ min: 8, max: 300 }),
      (columns, width) => {
        const { shown, gap } = fitColumns(columns, width)
        const indexes = shown.map(({ index }) => index)
        expect(indexes[0]).toBe(0)
        expect(indexes).toEqual([...indexes].sort((a, b) => a - b))
        expect(gap === null).toBe(shown.length === columns.length)
        const used = shown.reduce((sum, { width }) => sum + width + 3, -1) + (gap === null ? 0 : 4)
        expect(used).toBeLessThanOrEqual(width)
        for (const { index, width } of shown)
          expect(width).toBeLessThanOrEqual(Math.max(columns[index]?.name ?? 0, columns[index]?.values ?? 0, 1))
      },
    ),
    { numRuns: 200 },
  )
})
