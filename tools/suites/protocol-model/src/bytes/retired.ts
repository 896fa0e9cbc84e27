import type { Context } from './context.ts'
import type { Publication } from './places.ts'
import { type Commit, type Group, keyOf, monthOf, unique } from './warehouse.ts'

/**
 * Returns what a commit retires: all that it replaces named and its replacement does not, whoever else still names it.
 * That is the replaced indexes, the lists of the days that change, and all their files.
 */
export function retire(
  base: Commit,
  next: Pick<Commit, 'current' | 'indexes'>,
  what: Publication,
  group: Omit<Group, 'keys'>,
  has: Context['has'],
): Group {
  const touched = Object.entries(what.replaced)
  const oneMonth = has('retires-one-month')
  const replaced = touched.filter(([day]) => !oneMonth || monthOf(day) === monthOf(touched[0]![0]))
  const ofDays = replaced.flatMap(([, { list, files }]) => [list, ...Object.values(files)])
  const before = [...Object.values(base.indexes), ...(has('retired-shallow') ? [] : ofDays), ...refs(base)]
  const lists = Object.values(what.lists)
  const kept = [...Object.values(next.indexes), ...lists.map(({ key }) => key), ...refs(next)]
  const names = new Set([...kept, ...lists.flatMap(({ files }) => Object.values(files))].map(keyOf))
  const keys = unique(before.map(keyOf)).filter((key) => !names.has(key))
  return { ...group, keys: has('takes-over-without-grace') ? keys.filter((key) => !key.startsWith('S.')) : keys }
}

const refs = ({ current }: Pick<Commit, 'current'>): string[] => Object.values(current).map(({ ref }) => ref)

/** The keys that commits no longer name and that have to stay: their grace is not over, or has not begun. */
export function retiredKeys(
  { retired }: { readonly retired: readonly Omit<Group, 'paths'>[] },
  now: number,
  wait = 0,
): string[] {
  return retired.filter((group) => !isExpired(group, now, wait)).flatMap(({ keys }) => keys)
}

/** Whether the grace of a group is over; `wait`: by so many ticks. */
export function isExpired({ until }: Pick<Group, 'until'>, now: number, wait = 0): boolean {
  return until !== null && until + wait < now
}
