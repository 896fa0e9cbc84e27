import { type Context, LONGEST_RUN } from './context.ts'
import { type Move, move, type RefreshPlace } from './places.ts'
import { retiredKeys } from './retired.ts'
import {
  bytesAt,
  type Commit,
  daysOf,
  keyOf,
  type Ref,
  reach,
  stamped,
  unique,
  type Warehouse,
  withEntry,
  without,
} from './warehouse.ts'

/** Steps 5 and 6: makes the plain copies of `pending`, then clears it, and gives the groups of `retired` their end. */
export function moveRefresh(w: Warehouse, me: RefreshPlace, context: Context): Move[] {
  const { done, next, path = '' } = me
  const again: RefreshPlace = { does: 'refresh', at: 'looks', done, next }
  if (w.etl === null) return [move('finds no etl.json: stops', next)]
  if (me.at === 'looks') return [looks(w, me, w.etl, context)]
  if (me.at === 'clears') return [clears(w, me, again, context)]
  const who = linker(me)
  if (me.at === 'heads')
    return [move(`sees what ${path} is`, { ...me, at: 'looks again', target: w.plain[path] ?? null })]
  if (me.at === 'unlinks')
    return [move(`removes links of others to ${path}`, { ...me, at: 'links' }, { links: without(w.links, path) })]
  if (me.at === 'links') {
    if (me.want && bytesAt(w, keyOf(me.want)) === undefined) return [move('links: source gone', again)]
    const links = withEntry(w.links, path, unique([...(w.links[path] ?? []), who]))
    return [move('makes its link', { ...me, at: 'looks again' }, { links })]
  }
  if (me.at === 'looks again') {
    const still = wanted(w, w.etl, path) === me.want && !isNamed(w, w.etl, path, context)
    return [move('looks at etl.json again', still ? { ...me, at: 'copies', looked: w.clock } : again)]
  }
  return [copies(w, me, again, context)]
}

function looks(w: Warehouse, me: RefreshPlace, etl: Commit, context: Context): Move {
  const { done, next } = me
  const { has, scenario } = context
  const isDone = (path: string) =>
    path in done && (done[path] === wanted(w, etl, path) || done[path] === LATER || has('clear-blind'))
  const path = etl.pending.find((each) => !isDone(each))
  if (path !== undefined) {
    if (isNamed(w, etl, path, context))
      return move(`looks at etl.json: ${path} is named, left for later`, { ...me, done: withEntry(done, path, LATER) })
    const want = wanted(w, etl, path)
    const how = path === 'catalog' && !has('catalog-late') ? 'conditional' : (scenario.copies ?? 'unconditional')
    const at = ({ unconditional: 'copies', linked: 'unlinks', conditional: 'heads' } as const)[how]
    return move(`looks at etl.json: ${path} should be ${want}`, { ...me, at, path, want, looked: w.clock, how })
  }
  const nothing = etl.pending.every((each) => done[each] === LATER) && etl.retired.every(({ until }) => until !== null)
  if (nothing) return move('looks at etl.json: nothing is pending', next)
  return move('looks at etl.json and the clock', { ...me, at: 'clears', base: etl, now: w.clock })
}

function copies(w: Warehouse, me: RefreshPlace, again: RefreshPlace, { grace, scenario }: Context): Move {
  const { path = '', want = null, how } = me
  const copied = { ...again, done: withEntry(me.done, path, want) }
  if (scenario.sleepers === 'grace' && w.clock > (me.looked as number) + grace)
    return move('slept too long, looks again', again)
  if (how === 'conditional' && (w.plain[path] ?? null) !== me.target) return move(`copies to ${path}: refused`, again)
  if (how === 'linked' && !(w.links[path] ?? []).includes(linker(me)))
    return move(`renames to ${path}: its link is gone`, again)
  const links = how === 'linked' ? without(w.links, path) : w.links
  if (want === null) return move(`deletes ${path}`, copied, { plain: without(w.plain, path), links })
  if (path === 'catalog') return move(`writes the catalog: ${want}`, copied, { plain: withEntry(w.plain, path, want) })
  const found = bytesAt(w, keyOf(want))
  if (found === undefined) return move(`copies to ${path}: source gone`, again)
  return move(`copies ${want} to ${path}`, copied, { plain: withEntry(w.plain, path, found as string), links })
}

function clears(w: Warehouse, me: RefreshPlace, again: RefreshPlace, { grace, has, lands, scenario }: Context): Move {
  const base = me.base as Commit
  const now = me.now as number
  const sleptLong = scenario.unconditional === 'whole' && w.clock > now + LONGEST_RUN
  if (sleptLong && !has('clears-after-any-time')) return move('has taken too long, looks again', again)
  if (!lands(w.etl, base)) return move('clears: too late, looks again', again)
  const pending = base.pending.filter((each) => me.done[each] === LATER)
  const etl = { ...base, pending, retired: stamped(base.retired, now + grace) }
  return move('clears pending, stamps retired', me.next, { etl })
}

/** A plain path that has to wait. */
const LATER = 'later'

/** What a plain path should hold, by the newest list; null: nothing. */
function wanted(w: Warehouse, etl: Commit, path: string): Ref | null {
  if (path === 'catalog') return catalogOf(etl)
  const [table, day] = path.split('/') as [string, string]
  return daysOf(w, etl)[day]?.files[table] ?? null
}

/** The catalog file: the keys of the current tables. */
export const catalogOf = ({ current }: Commit): string =>
  Object.values(current)
    .map(({ ref }) => ref)
    .join()

/** Whether a list of before names a plain path, or a reader of such a list may still ask for it. */
function isNamed(w: Warehouse, etl: Commit, path: string, { has }: Context): boolean {
  if (has('plain-named')) return false
  return reach(w, etl).keys.includes(`@${path}`) || retiredKeys(etl, w.clock).includes(`@${path}`)
}

/** Who makes a link. */
const linker = ({ next }: RefreshPlace): string => ('id' in next && next.id) || 'x'
