/** The random numbers of a schedule: the same seed gives the same schedule. */
export interface Random {
  /** From 0, below 1. */
  next(): number
  /** From 0, below `count`. */
  below(count: number): number
  /** Returns true with this probability. */
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
}

/** Mulberry32: small, fast, and good enough to choose the next process. */
export function seeded(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b9) >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(next() * count)
  return { next, below, chance: (probability) => next() < probability, pick: (items) => items[below(items.length)]! }
}
