import { type Misreading, type Reader, readerGaps } from '@dwh/core'
import type { Case } from './cases.ts'
import type { ExactText, Found, FoundFile } from './values.ts'

/** What a reader did with a column; null if every value was exact. The worst counts: a value that changed silently. */
export function misreadingOf(found: FoundFile, column: string, expected: readonly ExactText[]): Misreading | null {
  if ('file' in found) return 'file'
  const values = found.values[column] ?? []
  if (values.length !== expected.length) return 'changes'
  const outcomes = values.map((value, row) => outcome(value, expected[row] ?? null))
  return (['changes', 'fails', 'bytes'] as const).find((each) => outcomes.includes(each)) ?? null
}

function outcome(found: Found, expected: ExactText): Misreading | null {
  if ('fails' in found) return 'fails'
  if (found.is === expected) return null
  return asBytes(found.is) === asBytes(expected) ? 'bytes' : 'changes'
}

/** The bytes of a text or a UUID, alone or in a list. */
function asBytes(text: ExactText): ExactText {
  return (
    text?.replaceAll(
      /(uuid|text) ([0-9a-f-]*)/g,
      (_, _kind, digits: string) => `bytes ${digits.replaceAll('-', '')}`,
    ) ?? null
  )
}

/** What the table of gaps says about a case. */
export function knownMisreading(reader: Reader, { stored, special }: Case): Misreading | null {
  const gaps = readerGaps(reader, stored).filter(({ values }) => values === undefined || values === special)
  return gaps.find(({ values }) => values === undefined)?.misreading ?? gaps[0]?.misreading ?? null
}
