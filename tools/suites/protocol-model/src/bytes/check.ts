import { graceOf } from './machine.ts'
import type { Place } from './places.ts'
import { quietly } from './quiet.ts'
import { gone } from './read.ts'
import type { Scenario } from './scenario.ts'
import {
  bytesOf,
  type Commit,
  daysOf,
  type Files,
  keyOf,
  listAt,
  reach,
  same,
  sorted,
  type Warehouse,
} from './warehouse.ts'

/** Returns what is wrong with a warehouse, whatever its actors are about to do; null if nothing is. */
export function wrongWarehouse(w: Warehouse, scenario: Scenario, flaws: ReadonlySet<string>): string | null {
  const { faulty } = scenario
  if (w.truth.clash && scenario.unconditional !== 'whole') return `run ${w.truth.clash} commits on what is no longer so`
  if (w.etl === null) {
    const lost = committedBytes(w).find((bytes) => bytes !== faulty && !Object.values(w.objects).includes(bytes))
    return lost ? `etl.json is lost, and now ${lost}, too` : null
  }
  const { missing } = reach(w, w.etl)
  const lost = missing.find((key) => key !== faulty)
  if (lost) return `etl.json reaches ${lost}, which is not there with its bytes`
  if (faulty) {
    const found = w.objects[faulty]
    if (faulty.startsWith('F.') && found !== undefined && found !== faulty) return `${faulty} holds ${found}`
    if (missing.length > 0) {
      if (found !== undefined) return `${faulty} holds other bytes`
      const other = committedBytes(w).find((bytes) => bytes !== faulty && !Object.values(w.objects).includes(bytes))
      return other ? `${faulty} is lost, and now ${other}, too` : null
    }
  }
  const differs = scenario.unconditional === 'whole' ? null : differsFromTruth(w, w.etl)
  if (differs) return differs
  for (const ref of Object.values(w.dev?.files ?? {}))
    if (w.objects[keyOf(ref)] !== bytesOf(ref)) return `dev.json names ${keyOf(ref)}, which is not there`
  return scenario.afterwards && !flaws.has('env-first-in-place') ? quietly(w, scenario, flaws) : null
}

const committedBytes = (w: Warehouse): string[] => Object.values(w.truth.days).flatMap((files) => Object.values(files))

/** Compares the lists and the current tables with what was committed. */
function differsFromTruth(w: Warehouse, etl: Commit): string | null {
  const lists: Record<string, Files> = {}
  for (const [day, { list }] of Object.entries(daysOf(w, etl))) {
    const files = Object.entries(listAt(w, list)?.files ?? {})
    lists[day] = sorted(Object.fromEntries(files.map(([table, ref]) => [table, bytesOf(ref)])))
  }
  const { days } = w.truth
  const truth = Object.fromEntries(Object.entries(days).map(([day, files]) => [day, sorted(files)]))
  if (!same(sorted(lists), sorted(truth)))
    return `the lists say ${JSON.stringify(lists)}, committed was ${JSON.stringify(days)}`
  for (const [table, { day, ref }] of Object.entries(etl.current))
    if (days[day]?.[table] !== bytesOf(ref)) return `current ${table} is not that of its day`
  for (const [day, files] of Object.entries(days))
    for (const table of Object.keys(files))
      if ((etl.current[table]?.day ?? -1) < Number(day)) return `current ${table} is behind`
  return null
}

/** Returns what is wrong with where an actor is. */
export function wrongPlace(w: Warehouse, me: Place, scenario: Scenario): string | null {
  if (me.does === 'leased') return wrongPlace(w, me.inner, scenario)
  if (me.does === 'nothing') {
    if (me.wrong !== undefined) return me.wrong
    const missing =
      me.repaired !== undefined && !me.lost && w.etl !== null && reach(w, w.etl).missing.includes(me.repaired)
    return missing ? `is done, and ${me.repaired} is still missing` : null
  }
  if (me.does !== 'hold' || w.clock > me.since + graceOf(scenario)) return null
  const key = gone(w, me, scenario.faulty)
  return key === undefined ? null : `finds ${key} gone within the grace`
}
