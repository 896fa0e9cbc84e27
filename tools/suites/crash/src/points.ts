/** A step of a run, as seen at its store, its source and its Parquet writer. */
export type What =
  | 'lease'
  | 'state'
  | 'read-index'
  | 'look'
  | 'token'
  | 'tidy'
  | 'snapshot'
  | 'tables'
  | 'profileTable'
  | 'chunk'
  | 'parquet'
  | 'proof'
  | 'close'
  | 'put-part'
  | 'put-list'
  | 'put-index'
  | 'commit'
  | 'copy'
  | 'place'
  | 'clear'
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
}

/** Name (its first word is `when`), what readers see, the step, and its number among steps of this kind. */
type Row = readonly [name: `${'before' | 'after'} ${string}`, sees: Point['sees'], what: What, nth: number]

/**
 * In the order of a run. A warehouse under test has three tables, what earlier runs replaced more than a day ago, and
 * three orphans of a run that did not commit.
 */
const ROWS: readonly Row[] = [
  ['before taking the lease', 'old', 'lease', 1],
  ['after taking the lease', 'old', 'lease', 1],
  ['before reading the state', 'old', 'state', 1],
  ['after reading the state', 'old', 'state', 1],
  ['before reading the first index', 'old', 'read-index', 1],
  ['before listing the parts', 'old', 'look', 1],
  ['after listing the parts', 'old', 'look', 1],
  ['after listing the indexes', 'old', 'look', 3],
  ['before raising the fencing token', 'old', 'token', 1],
  ['after raising the fencing token', 'old', 'token', 1],
  ['before removing the first object', 'old', 'tidy', 1],
  ['after removing the first object', 'old', 'tidy', 1],
  ['after removing the third object', 'old', 'tidy', 3],
  ['before opening the snapshot', 'old', 'snapshot', 1],
  ['after opening the snapshot', 'old', 'snapshot', 1],
  ['after listing the tables', 'old', 'tables', 1],
  ['after locking and measuring the first table', 'old', 'profileTable', 1],
  ['before the second bytes of a table', 'old', 'chunk', 2],
  ['after writing the first Parquet file', 'old', 'parquet', 1],
  ['after writing the last Parquet file', 'old', 'parquet', 3],
  ['after proving the last file', 'old', 'proof', 3],
  ['before putting the first part', 'old', 'put-part', 1],
  ['after putting the first part', 'old', 'put-part', 1],
  ['before putting the second part', 'old', 'put-part', 2],
  ['after putting the second part', 'old', 'put-part', 2],
  ['after putting the last part', 'old', 'put-part', 3],
  ['after closing the snapshot', 'old', 'close', 1],
  ['before putting the list', 'old', 'put-list', 1],
  ['after putting the list', 'old', 'put-list', 1],
  ['before putting the index', 'old', 'put-index', 1],
  ['after putting the index', 'old', 'put-index', 1],
  ['before the commit', 'old', 'commit', 1],
  ['after the commit', 'new', 'commit', 1],
  ['before the first plain copy', 'new', 'copy', 1],
  ['before placing the first plain copy', 'new', 'place', 1],
  ['after the first plain copy', 'new', 'copy', 1],
  ['before placing the second plain copy', 'new', 'place', 2],
  ['after the second plain copy', 'new', 'copy', 2],
  ['before placing the last plain copy', 'new', 'place', 3],
  ['after the last plain copy', 'new', 'copy', 3],
  ['before clearing the pending copies', 'new', 'clear', 1],
  ['after clearing the pending copies', 'new', 'clear', 1],
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
}))

export function pointNamed(name: string): Point {
  const found = POINTS.find((point) => point.name === name)
  if (!found) throw new Error(`no point ${name}`)
  return found
}
