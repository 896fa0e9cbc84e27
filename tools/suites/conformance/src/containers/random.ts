/** Random choices: the same seed gives the same choices. */
export interface Random {
  /** Returns a whole number from 0, below `end`. */
  below(end: number): number
  chance(probability: number): boolean
  one<T>(of: readonly T[]): T
  /** Returns from `least` to `most` different items in random order. */
  some<T>(of: readonly T[], least: number, most: number): T[]
}

/** https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (mulberry32) */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return {
    below,
    chance: (probability) => next() < probability,
    one: (of) => of[below(of.length)] as (typeof of)[number],
    some(of, least, most) {
      const left = [...of]
      return Array.from({ length: least + below(most - least + 1) }, () => left.splice(below(left.length), 1)).flat()
    },
  }
}
