import { type Context, LONGEST_RUN, WAIT } from './context.ts'
import { type CollectPlace, type Move, move } from './places.ts'
import { isExpired, retiredKeys } from './retired.ts'
import {
  type Commit,
  type DevCommit,
  type Group,
  keyOf,
  reach,
  same,
  stamped,
  unique,
  type Warehouse,
  without,
} from './warehouse.ts'

/** Steps 7 to 10: removes what no commit reaches and no reader may still ask for. */
export function moveCollect(w: Warehouse, me: CollectPlace, context: Context): Move[] {
  const { target, next } = me
  const { has } = context
  if (me.at === 'reads') return [reads(w, me, context)]
  if (me.at === 'reads dev')
    return [move('reads dev.json', { ...me, at: 'lists', named: unique([...me.named!, ...filesOf(w.dev)]) })]
  if (me.at === 'lists') return [lists(w, me, context)]
  if (me.at === 'raises') return [raises(w, me, context)]
  if (me.at === 'looks at dev') {
    if (w.dev === null) return [move('finds no dev.json', { ...me, at: has('env-token-first') ? 'raises' : 'deletes' })]
    return [move('reads dev.json', { ...me, at: 'raises in dev', dev: w.dev })]
  }
  if (me.at === 'raises in dev') return [raisesInDev(w, me, context)]
  if (me.at === 'ends') return [move('ends', { does: 'refresh', at: 'looks', done: {}, next })]
  const [key, ...rest] = me.listed as string[]
  if (key === undefined) {
    if (has('delete-before-token')) return [move('has deleted all', { ...me, at: 'raises' })]
    return [move('has deleted all', target === 'dev' ? next : { does: 'refresh', at: 'looks', done: {}, next })]
  }
  return [move(`deletes ${key}`, { ...me, listed: rest }, { objects: without(w.objects, key) })]
}

const filesOf = (dev: DevCommit | null): string[] => Object.values(dev?.files ?? {}).map(keyOf)

/** Step 7. */
function reads(w: Warehouse, me: CollectPlace, { has, scenario }: Context): Move {
  const now = w.clock
  if (me.target === 'dev') {
    if (w.dev === null) return move('finds no dev.json: stops', me.next)
    return move('reads dev.json', { ...me, at: 'lists', base: w.dev, named: filesOf(w.dev), now })
  }
  if (w.etl === null) {
    if (Object.keys(w.objects).length === 0 || !has('absent-is-empty')) return move('finds no etl.json: stops', me.next)
    return move('finds no etl.json', { ...me, at: 'lists', base: null, named: [], now })
  }
  const { keys, missing } = reach(w, w.etl)
  if (missing.length > 0 && !has('trusts-missing'))
    return move(`reads etl.json: ${missing[0]} is missing, stops`, me.next)
  const at = scenario.env === 'written' ? 'reads dev' : 'lists'
  return move('reads etl.json and its lists', { ...me, at, base: w.etl, named: keys, now })
}

/** How long a collector waits on a store without conditional writes. */
function waitOf({ has, scenario }: Context): number {
  if (!scenario.unconditional || has('deletes-at-once')) return 0
  return has('waits-too-short') ? WAIT - 1 : WAIT
}

/** Step 8. On a store without conditional writes, also what is no longer reached has to wait. */
function lists(w: Warehouse, me: CollectPlace, context: Context): Move {
  const { has, scenario } = context
  const { base = null, target, next } = me
  const now = me.now as number
  const wait = waitOf(context)
  const waitRetired = has('age-of-object') ? 0 : wait
  const isOver = (group: Pick<Group, 'until'>) => isExpired(group, now, waitRetired)
  const live = new Set([...me.named!, ...(base ? retiredKeys(base, now, waitRetired) : [])])
  const isOld = (key: string) => (w.putAt[key] ?? Number.NEGATIVE_INFINITY) + wait < now
  const isOurs = (key: string) =>
    !key.startsWith('R') && (key.startsWith('E') ? target === 'dev' || scenario.env === 'written' : target === 'etl')
  let listed = Object.keys(w.objects).filter((key) => isOurs(key) && !live.has(key) && isOld(key))
  const over = base?.retired.filter(isOver) ?? []
  if (has('expired-is-dead')) listed = unique([...listed, ...over.flatMap(({ keys }) => keys)])
  const unstamped = target === 'dev' && (base as DevCommit).retired.some(({ until }) => until === null)
  if (listed.length === 0 && over.length === 0 && !unstamped) return move('lists: nothing to remove', next)
  const tokenless = base === null || has('delete-without-token') || has('delete-before-token')
  const at = tokenless ? 'deletes' : has('env-token-first') && target === 'etl' ? 'looks at dev' : 'raises'
  return move(`lists ${listed}`, { does: 'collect', at, base, listed, now, target, next })
}

/** Step 9: raises the fencing token, and forgets the groups that are over. */
function raises(w: Warehouse, me: CollectPlace, context: Context): Move {
  const { target, next } = me
  const { grace, has, scenario } = context
  const now = me.now as number
  const found = w[target]
  const base = has('stale-list') ? found : (me.base as Commit | DevCommit)
  if (!context.lands(found, base))
    return move('raises the token: too late', { does: 'collect', at: 'reads', target, next })
  const sleptLong = scenario.unconditional === 'whole' && w.clock > now + LONGEST_RUN
  if (sleptLong) return move('has taken too long', next)
  const wait = has('age-of-object') ? 0 : waitOf(context)
  const at = has('delete-before-token')
    ? 'ends'
    : target === 'etl' && scenario.env === 'shares' && !has('env-token-first')
      ? 'looks at dev'
      : 'deletes'
  if (target === 'dev') {
    const dev = base as DevCommit
    const retired = dev.retired.filter((group) => !isExpired(group, now))
    return move(
      'raises the token',
      { ...me, at },
      { dev: { ...dev, token: dev.token + 1, retired: stamped(retired, now + grace) } },
    )
  }
  const etl = base as Commit
  const over = etl.retired.filter((group) => isExpired(group, now, wait))
  const retired = etl.retired.filter((group) => !over.includes(group))
  // a copy that came late is made again
  const late = has('no-second-look') ? [] : over.flatMap(({ paths }) => paths)
  const pending = has('no-second-look') ? etl.pending : unique([...etl.pending, ...late])
  return move('raises the token', { ...me, at }, { etl: { ...etl, token: etl.token + 1, retired, pending } })
}

/** An environment that shares prod's keys has a token of prod's collector, too. */
function raisesInDev(w: Warehouse, me: CollectPlace, { has }: Context): Move {
  const { dev: read, ...rest } = me
  const dev = read as DevCommit
  if (!same(w.dev, dev) && !has('env-token-not-raised'))
    return move('raises the token in dev.json: too late', { ...rest, at: 'looks at dev' })
  const named = new Set([...filesOf(dev), ...dev.retired.flatMap(({ keys }) => keys)])
  const listed = (me.listed as string[]).filter((key) => !named.has(key))
  if (has('env-token-not-raised')) return move('goes by that dev.json', { ...rest, at: 'deletes', listed })
  const found = w.dev as DevCommit
  const raised = has('env-one-token')
    ? { ...found, token: found.token + 1 }
    : { ...found, prodToken: (found.prodToken ?? 0) + 1 }
  const at = has('env-token-first') ? 'raises' : 'deletes'
  return move('raises the token in dev.json', { ...rest, at, listed }, { dev: raised })
}
