import { machine } from './machine.ts'
import type { Place } from './places.ts'
import { catalogOf } from './refresh.ts'
import type { Actor, Scenario } from './scenario.ts'
import { bytesOf, type Commit, daysOf, keyOf, reach, unique, type Warehouse } from './warehouse.ts'

const COLLECTOR: Actor = { kind: 'collector', name: 'collector' }
const REFRESH: Place = { does: 'refresh', at: 'looks', done: {}, next: { does: 'nothing' } }

/**
 * Everybody has crashed here. Then one more run of another day passes, or a repair, then the grace, then a collector.
 * Returns what has not come right: an object that nobody removes, a plain copy of before.
 */
export function quietly(w: Warehouse, scenario: Scenario, flaws: ReadonlySet<string>): string | null {
  const move = machine(scenario, flaws)
  /** Lets one actor run alone to its end. */
  function alone(from: Warehouse, first: Place): Warehouse {
    let now = from
    let me = first
    for (let i = 0; i < 100; i += 1) {
      const [next] = move(now, me, COLLECTOR)
      if (!next) return now
      me = next.me
      now = { ...now, ...next.changes }
    }
    throw new Error('an actor alone does not end')
  }
  let now: Warehouse = { ...w, clock: 10, net: null }
  if (scenario.afterwards === 'repair') now = { ...now, etl: withEveryPath(now, scenario) }
  now = alone(now, REFRESH)
  for (const [clock, target] of [
    [20, 'dev'],
    [30, 'dev'],
    [40, 'etl'],
  ] as const)
    if (target === 'etl' || (now.dev && scenario.env !== 'written'))
      now = alone({ ...now, clock }, { does: 'collect', at: 'reads', target, next: { does: 'nothing' } })
  return orphan(now, scenario) ?? staleCopy(now, scenario)
}

/** A repair looks at every plain path. */
function withEveryPath(w: Warehouse, { before }: Scenario): Commit {
  const commit = w.etl as Commit
  const paths = before?.plain === false ? [] : Object.keys(copiesOf(w))
  return { ...commit, pending: unique([...commit.pending, ...Object.keys(w.plain), ...paths]) }
}

/** By path, the bytes that the lists name. */
function copiesOf(w: Warehouse): Readonly<Record<string, string>> {
  const days = Object.entries(daysOf(w, w.etl as Commit))
  const copies = days.flatMap(([day, { files }]) =>
    Object.entries(files).map(([t, ref]) => [`${t}/${day}`, bytesOf(ref)]),
  )
  return Object.fromEntries(copies)
}

function orphan(w: Warehouse, { env }: Scenario): string | null {
  const named = new Set([...reach(w, w.etl as Commit).keys, ...Object.values(w.dev?.files ?? {}).map(keyOf)])
  const stays = Object.keys(w.objects).find(
    (key) => !key.startsWith('R') && !named.has(key) && !(env === 'written' && key.startsWith('E')),
  )
  return stays ? `once quiet, ${stays} stays for ever` : null
}

function staleCopy(w: Warehouse, { before }: Scenario): string | null {
  if (before?.plain !== false) {
    const wanted = copiesOf(w)
    for (const path of new Set([...Object.keys(wanted), ...Object.keys(w.plain)]))
      if (path !== 'catalog' && wanted[path] !== w.plain[path])
        return `once quiet, the plain copy ${path} is ${w.plain[path]}, not ${wanted[path]}`
  }
  if (w.plain.catalog && w.plain.catalog !== catalogOf(w.etl as Commit)) return 'once quiet, the catalog is of before'
  return null
}
