import { type Context, LONGEST_RUN } from './context.ts'
import { type Idle, type Move, move, type Place, type PublishPlace } from './places.ts'
import { retire } from './retired.ts'
import type { RunActor } from './scenario.ts'
import {
  bytesAt,
  bytesOf,
  type Commit,
  EMPTY,
  hasSameToken,
  type RunRecord,
  same,
  sorted,
  type Truth,
  unique,
  type Warehouse,
  without,
} from './warehouse.ts'

/** How an actor publishes: a run, a removal or a repair. */
export type Publisher = Pick<RunActor, 'plain' | 'catalog' | 'lost'>

/** Steps 2 to 4: puts, one conditional write, and the record. */
export function movePublish(w: Warehouse, me: PublishPlace, actor: Publisher, context: Context): Move[] {
  const { has } = context
  const { id, base } = me
  if (me.at === 'puts') return [put(w, me, context)]
  if (me.at === 'commits') return commits(w, me, actor, context)
  if (me.at === 'records') {
    return [move('records its run', refreshes(me), context.put(w, `R.${id}`, me.committed as RunRecord))]
  }
  if (me.at === 'asks') {
    const published = w.etl !== null && (w.etl.run === id || w.etl.retired.some((group) => group.run === id))
    if (published) return [move('reads etl.json: it has committed', refreshes(me))]
    if (same(w.etl, base) && me.tried < 1)
      return [move('reads etl.json: not yet', { ...me, at: 'commits', tried: me.tried + 1 })]
    const next: Place = has('abandon-uncertain') ? { ...me, at: 'cleans' } : finished(me)
    return [move('reads etl.json: cannot know', next)]
  }
  const own = Object.keys(w.objects).find((key) => /^[FLI]\./.test(key) && key.slice(2).startsWith(id))
  if (!own) return [move('has removed its own', finished(me))]
  return [move(`removes its ${own}`, me, { objects: without(w.objects, own) })]
}

/** Where nobody lists between them, a run's puts are one step. */
export function putAll(w: Warehouse, me: PublishPlace, context: Context): Move {
  let now = w
  let self: Place = me
  while (self.does === 'publish' && self.at === 'puts') {
    const next = put(now, self, context)
    now = { ...now, ...next.changes }
    self = next.me
  }
  return move('puts its files, its list and the index', self, { objects: now.objects, putAt: now.putAt })
}

function put(w: Warehouse, me: PublishPlace, { grace, has, put: puts }: Context): Move {
  const { label, key, value, from } = me.puts[me.n]!
  if (from !== undefined && bytesAt(w, from) !== value)
    return move(`copies ${from}: not what it was`, { ...finished(me), lost: true })
  const last = me.n + 1 === me.puts.length
  const until = last && has('until-at-commit') ? { until: w.clock + grace } : {}
  const after = last ? { ...me, at: 'commits' as const, puts: [], n: 0, ...until } : { ...me, n: me.n + 1 }
  return move(label, after, puts(w, key, value))
}

function commits(w: Warehouse, me: PublishPlace, actor: Publisher, { has, lands, scenario }: Context): Move[] {
  const { base, id, what } = me
  const sleptLong = me.since !== undefined && w.clock > me.since + LONGEST_RUN
  if (sleptLong && !has('commits-after-any-time')) return [move('has taken too long', { ...finished(me), lost: true })]
  if (!lands(w.etl, base) && !has('commit-blind')) {
    if (me.perhaps) return [move('commits: condition broken', { ...me, at: 'asks' })]
    const over = w.etl !== null && base !== null
    if (over && triesAgain(w.etl as Commit, base as Commit, me, has))
      return [move('commits: only a note has changed, tries again', { ...me, base: w.etl })]
    const lost: Idle = { ...finished(me), lost: true }
    const spurious = over && hasSameToken(w.etl as Commit, base as Commit)
    return [move('commits: too late', spurious ? { ...lost, wrong: 'loses, though nobody has won' } : lost)]
  }
  // a store without conditional writes takes what the run made of its base, whatever is there
  const from = (scenario.unconditional ? base : w.etl) ?? EMPTY
  const etl = nextCommit(from, me, actor, has)
  const clash = base !== null && w.etl !== null && !hasSameToken(w.etl, base)
  const truth = { ...nextTruth(w.truth, me), ...(clash ? { clash: id } : {}) }
  const next: Place = scenario.unconditional
    ? { ...me, at: 'asks', tried: 1 }
    : scenario.records
      ? { ...me, at: 'records', committed: { token: etl.token, indexes: etl.indexes } }
      : refreshes(me)
  const label = what.gone.length > 0 ? 'commits the removal' : 'commits'
  const won = move(label, next, { etl, truth })
  if (!actor.lost) return [won]
  const asks = { ...me, at: has('lost-is-failed') ? 'cleans' : 'asks', perhaps: true } as const
  return [
    won,
    move('commits, and gets no answer: done', asks, { etl, truth }),
    move('commits, and gets no answer: on its way', asks, { net: { base: w.etl, etl, truth } }),
  ]
}

/** Whether a commit whose condition is broken is tried again on what is there now. */
function triesAgain(found: Commit, base: Commit, { what }: PublishPlace, has: Context['has']): boolean {
  if (has('retry-in-failure-only')) return same({ ...found, failure: '' }, { ...base, failure: '' })
  if (has('retry-over-token')) return found.run === base.run
  if (has('months-apart'))
    return Object.keys(what.indexes).every((month) => found.indexes[month] === base.indexes[month])
  return hasSameToken(found, base)
}

/** Returns the `etl.json` that follows. Does not change a table whose current day is later. */
function nextCommit(from: Commit, me: PublishPlace, actor: Publisher, has: Context['has']): Commit {
  const { id, what, until = null } = me
  const current = { ...from.current }
  for (const [table, day] of what.changed.map((each) => each.split('/') as [string, string]))
    if (!current[table] || current[table].day <= Number(day))
      current[table] = { day: Number(day), ref: what.lists[day]!.files[table]! }
  const removed = what.gone.flatMap((day) => Object.keys(what.replaced[day]!.files).map((table) => `${table}/${day}`))
  const paths = actor.plain === false || has('prune-forgets-plain') ? what.changed : [...what.changed, ...removed]
  const refreshed = actor.plain === false ? [] : paths
  const pending = [
    ...(has('pending-overwritten') ? [] : from.pending),
    ...refreshed,
    ...(actor.catalog ? ['catalog'] : []),
  ]
  const months = { ...(has('forgets-other-months') ? {} : from.indexes), ...what.indexes }
  const indexes = Object.fromEntries(Object.entries(months).filter(([, key]) => key !== null)) as Commit['indexes']
  const next = { run: id, token: from.token + 1, current: sorted(current), indexes: sorted(indexes) }
  const retired = [...from.retired, retire(from, next, what, { run: id, until, paths: refreshed }, has)]
  return { ...next, retired, pending: unique(pending), failure: '' }
}

function nextTruth({ days }: Truth, { what }: PublishPlace): Truth {
  const after: Record<string, Truth['days'][string]> = { ...days }
  for (const [table, day] of what.changed.map((each) => each.split('/') as [string, string]))
    after[day] = sorted({ ...after[day], [table]: bytesOf(what.lists[day]!.files[table]!) })
  for (const day of what.gone) delete after[day]
  return { days: sorted(after) }
}

const finished = ({ id, repairs }: PublishPlace): Idle => ({
  does: 'nothing',
  id,
  ...(repairs === undefined ? {} : { repaired: repairs }),
})

const refreshes = (me: PublishPlace): Place => ({ does: 'refresh', at: 'looks', done: {}, next: finished(me) })
