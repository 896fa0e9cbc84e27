import { closest, distance } from 'fastest-levenshtein'

/** ` Did you mean "orders"?` for the known name that is most like a wrong one; empty when none is near. */
export function didYouMean(wrong: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const candidate = closest(wrong, known as string[])
  const near = distance(wrong, candidate) <= Math.max(2, Math.floor(wrong.length / 3))
  return near ? ` Did you mean ${JSON.stringify(candidate)}?` : ''
}
