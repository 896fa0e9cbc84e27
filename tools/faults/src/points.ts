/** What a run does, as it is seen from outside of it: at its store, its source and its Parquet writer. */
export type What =
  | 'lease'
  | 'state'
  | 'tidy'
  | 'fence'
  | 'snapshot'
  | 'tables'
  | 'survey'
  | 'chunk'
  | 'parquet'
  | 'proof'
  | 'stage'
  | 'stage-manifest'
  | 'keep'
  | 'commit'
  | 'promote'
  | 'promote-manifest'
  | 'unstage'
  | 'clear'
  | 'close'
  | 'record'
  | 'release'

export interface Moment {
  readonly when: 'before' | 'after'
  readonly what: What
  /** From 1. */
  readonly nth: number
}

export interface Point extends Moment {
  readonly name: string
  /** What readers are to see when the process dies here. */
  readonly sees: 'old' | 'new'
  /** Only where something is replaced. */
  readonly replacing: boolean
}

function points(sees: Point['sees'], what: What, name: string, nths: Readonly<Record<string, number>>): Point[] {
  return Object.entries(nths).flatMap(([which, nth]) =>
    (['before', 'after'] as const).map((when) => ({
      name: `${when} ${name.replace('*', which)}`,
      when,
      what,
      nth,
      sees,
      replacing: what === 'keep',
    })),
  )
}

const ONE = { the: 1 }
const THREE = { first: 1, second: 2, last: 3 }

/** In the order in which a run comes by; a warehouse under test has three tables, and a leftover of an earlier run in its stage. */
export const POINTS: readonly Point[] = [
  ...points('old', 'lease', 'taking * lease', ONE),
  ...points('old', 'state', 'reading * state', ONE),
  ...points('old', 'fence', '* fence against sleepers', ONE),
  ...points('old', 'tidy', 'removing * leftover', ONE),
  ...points('old', 'snapshot', 'opening * snapshot', ONE),
  ...points('old', 'tables', 'listing * tables', ONE),
  ...points('old', 'survey', 'locking and measuring the * table', { first: 1, last: 3 }),
  ...points('old', 'chunk', 'the * bytes of a table', { first: 1, second: 2 }),
  ...points('old', 'parquet', 'writing the * Parquet file', { first: 1, last: 3 }),
  ...points('old', 'proof', 'proving the * file', { first: 1, last: 3 }),
  ...points('old', 'stage', 'staging the * file', THREE),
  ...points('old', 'stage-manifest', 'staging * manifest', ONE),
  ...points('old', 'keep', 'keeping the * replaced file', THREE),
  ...points('old', 'commit', '* commit', ONE).map((point) =>
    point.when === 'after' ? { ...point, sees: 'new' as const } : point,
  ),
  ...points('new', 'promote', 'promoting the * file', THREE),
  ...points('new', 'promote-manifest', 'promoting * manifest', ONE),
  ...points('new', 'unstage', 'removing the * staged object', { first: 1, last: 4 }),
  ...points('new', 'clear', 'clearing * publication', ONE),
  ...points('new', 'close', 'closing * snapshot', ONE),
  ...points('new', 'record', 'writing * record', ONE),
  ...points('new', 'release', 'releasing * lease', ONE),
]

export function pointNamed(name: string): Point {
  const found = POINTS.find((point) => point.name === name)
  if (!found) throw new Error(`no point ${name}`)
  return found
}
