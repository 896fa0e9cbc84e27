/** A step of a run, as seen at its store, its source and its Parquet writer. */
export type What =
  | 'lease'
  | 'state'
  | 'tidy'
  | 'token'
  | 'snapshot'
  | 'tables'
  | 'profileTable'
  | 'chunk'
  | 'parquet'
  | 'proof'
  | 'stage'
  | 'stage-manifest'
  | 'retain'
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
  /** The state that readers must see when the process dies here. */
  readonly sees: 'old' | 'new'
  /** Whether the point exists only if the run replaces files. */
  readonly replacing: boolean
}

/** Name (its first word is `when`), what readers see, the step, and its number among steps of this kind. */
type Row = readonly [name: `${'before' | 'after'} ${string}`, sees: Point['sees'], what: What, nth: number]

/** In the order of a run. A warehouse under test has three tables, and an orphan of an earlier run in its stage. */
const ROWS: readonly Row[] = [
  ['before taking the lease', 'old', 'lease', 1],
  ['after taking the lease', 'old', 'lease', 1],
  ['before reading the state', 'old', 'state', 1],
  ['after reading the state', 'old', 'state', 1],
  ['before raising the fencing token', 'old', 'token', 1],
  ['after raising the fencing token', 'old', 'token', 1],
  ['after removing an orphan', 'old', 'tidy', 1],
  ['before opening the snapshot', 'old', 'snapshot', 1],
  ['after opening the snapshot', 'old', 'snapshot', 1],
  ['after listing the tables', 'old', 'tables', 1],
  ['after locking and measuring the first table', 'old', 'profileTable', 1],
  ['before the second bytes of a table', 'old', 'chunk', 2],
  ['after writing the first Parquet file', 'old', 'parquet', 1],
  ['after writing the last Parquet file', 'old', 'parquet', 3],
  ['after proving the last file', 'old', 'proof', 3],
  ['before staging the first file', 'old', 'stage', 1],
  ['after staging the first file', 'old', 'stage', 1],
  ['before staging the second file', 'old', 'stage', 2],
  ['after staging the second file', 'old', 'stage', 2],
  ['after staging the last file', 'old', 'stage', 3],
  ['before staging the manifest', 'old', 'stage-manifest', 1],
  ['after staging the manifest', 'old', 'stage-manifest', 1],
  ['before retaining the first replaced file', 'old', 'retain', 1],
  ['after retaining the first replaced file', 'old', 'retain', 1],
  ['after retaining the last replaced file', 'old', 'retain', 3],
  ['before the commit', 'old', 'commit', 1],
  ['after the commit', 'new', 'commit', 1],
  ['before promoting the first file', 'new', 'promote', 1],
  ['after promoting the first file', 'new', 'promote', 1],
  ['after promoting the second file', 'new', 'promote', 2],
  ['after promoting the last file', 'new', 'promote', 3],
  ['before promoting the manifest', 'new', 'promote-manifest', 1],
  ['after promoting the manifest', 'new', 'promote-manifest', 1],
  ['before removing the first staged object', 'new', 'unstage', 1],
  ['after removing the first staged object', 'new', 'unstage', 1],
  ['after removing the last staged object', 'new', 'unstage', 4],
  ['before clearing the publication', 'new', 'clear', 1],
  ['after clearing the publication', 'new', 'clear', 1],
  ['after closing the snapshot', 'new', 'close', 1],
  ['before writing the record', 'new', 'record', 1],
  ['after writing the record', 'new', 'record', 1],
  ['before releasing the lease', 'new', 'release', 1],
  ['after releasing the lease', 'new', 'release', 1],
]

export const POINTS: readonly Point[] = ROWS.map(([name, sees, what, nth]) => ({
  name,
  when: name.startsWith('before') ? 'before' : 'after',
  what,
  nth,
  sees,
  replacing: what === 'retain',
}))

export function pointNamed(name: string): Point {
  const found = POINTS.find((point) => point.name === name)
  if (!found) throw new Error(`no point ${name}`)
  return found
}
