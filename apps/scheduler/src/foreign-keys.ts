import type { Outcome } from './outcome.ts'

/** The part of the answer of `dwh run --json` with the notes about its tables. */
interface RunAnswer {
  readonly notes: readonly { readonly id: string; readonly found: string; readonly fix: string | null }[]
}

/**
 * Returns what a run says about foreign keys to tables that it did not read; null if that is nothing, or `said` before.
 */
export function newForeignKeys(said: string | null, { result, answer }: Outcome): string | null {
  if (result !== 'success' && result !== 'partial') return null
  const { notes = [] } = answer as Partial<RunAnswer>
  const texts = notes.flatMap(({ id, found, fix }) => (id === 'foreign_keys' ? [`${found}. ${fix ?? ''}`.trim()] : []))
  const text = texts.join(' ')
  return text === '' || text === said ? null : text
}
