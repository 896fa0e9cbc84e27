/*
 * A warehouse, as the model sees it. Keys tell what they hold: `F.1a` a file of run 1 and table a, `L.1` a list of a
 * day, `I.1` an index of a month, `R.1` a run's record, `E.1a` a file of the environment dev, `S.0` the list of day 0
 * in a warehouse of state 1 to 3, and `@a/0` a plain path that such a list names. Run 0 wrote all that existed before.
 */

/** A key, or `key=bytes` where the bytes are others than those first put under a key of this name. */
export type Ref = string
/** By table. */
export type Files = Readonly<Record<string, Ref>>

/** The list of a day. */
export interface List {
  readonly files: Files
  /** Who made it again; such a list has other bytes than the one before. */
  readonly made?: string
}

/** The days of a month. It holds a copy of each list. */
export interface Index {
  readonly days: Readonly<Record<string, List & { readonly list: string }>>
}

/** A run's record: what its commit said. */
export interface RunRecord {
  readonly token: number
  readonly indexes: Commit['indexes']
}

/** What a commit no longer names. Readers of before may ask for it until the grace is over. */
export interface Group {
  readonly run: string
  /** The end of the grace; null until the plain copies and the catalog file are refreshed. */
  readonly until: number | null
  readonly keys: readonly string[]
  /** The plain paths that the run may have changed. */
  readonly paths: readonly string[]
}

/** `etl.json` */
export interface Commit {
  readonly run: string
  /** The fencing token: each commit raises it by one, and so does a collector before it deletes. */
  readonly token: number
  readonly current: Readonly<Record<string, { readonly day: number; readonly ref: Ref }>>
  /** By month: the key of its index. */
  readonly indexes: Readonly<Record<string, string>>
  readonly retired: readonly Group[]
  /** The plain paths to refresh; `catalog` is the catalog file. */
  readonly pending: readonly string[]
  /** The run whose failure was noted last. */
  readonly failure: string
  /** State 1 to 3: it names no index. Its lists are found by their fixed keys. */
  readonly old?: true
}

/** `_dwh/env/dev.json` */
export interface DevCommit {
  readonly run: string
  readonly token: number
  readonly files: Files
  readonly retired: readonly Omit<Group, 'paths'>[]
  /** Raised by the collector of prod. */
  readonly prodToken?: number
}

/** What was committed, as a perfect observer knows it: by day and table, the bytes. */
export interface Truth {
  readonly days: Readonly<Record<string, Files>>
  /** The run that committed on something that was no longer so. */
  readonly clash?: string
}

export type Stored = string | List | Index | RunRecord

export interface Warehouse {
  readonly clock: number
  readonly etl: Commit | null
  readonly dev: DevCommit | null
  readonly objects: Readonly<Record<string, Stored>>
  /** When each object was put. Only for a store without conditional writes. */
  readonly putAt: Readonly<Record<string, number>>
  /** By path, the bytes of the plain copies. */
  readonly plain: Readonly<Record<string, string>>
  /** By path, who has a link in `_dwh/incoming/` that it is about to rename. */
  readonly links: Readonly<Record<string, readonly string[]>>
  /** A commit on its way whose sender has stopped waiting. */
  readonly net: { readonly base: Commit | null; readonly etl: Commit; readonly truth: Truth } | null
  readonly lock: { readonly owner: string; readonly at: number } | null
  readonly truth: Truth
}

export const EMPTY: Commit = { run: '', token: 0, current: {}, indexes: {}, retired: [], pending: [], failure: '' }

/** There are ten days in a month. */
export const monthOf = (day: number | string): number => Math.floor(Number(day) / 10)
export const indexKey = (run: string, month: number): string => (month === 0 ? `I.${run}` : `I.${run}-${month}`)

export const keyOf = (ref: Ref): string => ref.split('=')[0] as string
export const bytesOf = (ref: Ref): string => ref.split('=')[1] ?? ref
export const isPlainPath = (key: string): boolean => key.startsWith('@')

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
export const unique = (list: readonly string[]): string[] => [...new Set(list)].sort()

/** A record in the order of its fields, so that equal records are the same text. */
export function sorted<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function withEntry<T>(
  record: Readonly<Record<string, T>>,
  key: string | number,
  value: T,
): Readonly<Record<string, T>> {
  return sorted({ ...record, [key]: value })
}

export function without<T>(record: Readonly<Record<string, T>>, ...keys: string[]): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))
}

export const indexAt = (w: Warehouse, key: string): Index | undefined => w.objects[key] as Index | undefined
export const listAt = (w: Warehouse, key: string): List | undefined => w.objects[key] as List | undefined
export const recordAt = (w: Warehouse, key: string): RunRecord => w.objects[key] as RunRecord

/** The bytes under a key, or at a plain path that a list of before names. */
export const bytesAt = (w: Warehouse, key: string): Stored | undefined =>
  isPlainPath(key) ? w.plain[key.slice(1)] : w.objects[key]

/** Returns the list of each day that a commit reaches. */
export function daysOf(w: Warehouse, commit: Pick<Commit, 'indexes' | 'old'>): Index['days'] {
  const days: Record<string, Index['days'][string]> = {}
  if (commit.old)
    for (const key of Object.keys(w.objects).filter((each) => each.startsWith('S.')))
      days[key.slice(2)] = { list: key, ...(w.objects[key] as List) }
  for (const key of Object.values(commit.indexes)) Object.assign(days, indexAt(w, key)?.days)
  return days
}

export interface Reached {
  /** Everything that a commit reaches. */
  readonly keys: readonly string[]
  /** What of it is not there with its bytes. */
  readonly missing: readonly string[]
}

/** Follows a commit to its indexes, their lists and all files. */
export function reach(w: Warehouse, commit: Pick<Commit, 'current' | 'indexes' | 'old'>): Reached {
  const keys = new Set<string>()
  const missing: string[] = []
  const need = (ref: Ref) => {
    keys.add(keyOf(ref))
    if (bytesAt(w, keyOf(ref)) !== bytesOf(ref)) missing.push(keyOf(ref))
  }
  for (const { ref } of Object.values(commit.current)) need(ref)
  for (const index of Object.values(commit.indexes)) {
    keys.add(index)
    if (!w.objects[index]) missing.push(index)
  }
  for (const { list, ...promised } of Object.values(daysOf(w, commit))) {
    keys.add(list)
    if (!same(w.objects[list], promised)) missing.push(list)
    for (const ref of Object.values(listAt(w, list)?.files ?? {})) need(ref)
  }
  return { keys: [...keys].sort(), missing }
}

/** A commit, a removal and a collector raise the token; a note of a failure and the clearing of `pending` do not. */
export const hasSameToken = (a: Commit, b: Commit): boolean => a.token === b.token

/** Gives an end to the groups that have none. */
export function stamped<T extends { readonly until: number | null }>(groups: readonly T[], until: number): T[] {
  return groups.map((group) => (group.until === null ? { ...group, until } : group))
}
