/** Returns ` Did you mean "orders"?` for the known name most similar to `wrong`; empty when none is similar. */
export function didYouMean(wrong: string, known: Iterable<string>): string {
  const candidate = nearest(wrong, known)
  return candidate === null ? '' : ` Did you mean ${JSON.stringify(candidate)}?`
}

/**
 * Finds the known name that `wrong` most likely misspells: at most two letters, or a third of them, are changed,
 * added, missing or swapped. Ignores case and punctuation. Null when none is similar.
 */
export function nearest(wrong: string, known: Iterable<string>): string | null {
  const wanted = plain(wrong)
  let best: string | null = null
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const steps = editSteps(wanted, plain(candidate))
    if (steps < least) [best, least] = [candidate, steps]
  }
  return best
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** The Damerau-Levenshtein distance: two swapped neighbours count as one step. */
export function editSteps(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, index) => index)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0
  for (let i = 1; i <= from.length; i++) {
    rows.push([i])
    for (let j = 1; j <= to.length; j++) {
      const changed = at(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const steps = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, changed)
      rows[i]?.push(swapped ? Math.min(steps, at(i - 2, j - 2) + 1) : steps)
    }
  }
  return at(from.length, to.length)
}
