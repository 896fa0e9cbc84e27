import { baseOf } from './processes.ts'
import type { Scenario } from './scenarios.ts'
import {
  ABSENT,
  at,
  COMMITTED_AFTER_TAKEOVER,
  FILES,
  FINAL,
  KEYS,
  keyOf,
  LAST,
  MANIFEST,
  MANIFESTS,
  NAMED,
  ofRun,
  ofTable,
  PREVIOUS,
  PUBLISHING,
  REMOVED,
  RETAINED,
  RETAINED_OF,
  RETENTION,
  STAGE,
  STEP,
  type State,
} from './state.ts'

const MISSING = at('missing')

/** Returns what is wrong with a state; null if nothing is. */
export function violation(s: State, scenario: Scenario, processes: number): string | null {
  for (let i = 0; i < processes; i += 1)
    if (s[baseOf(i) + STEP] === MISSING) return 'a reader cannot find the bytes that its manifest names'
  if (s[COMMITTED_AFTER_TAKEOVER] === 1)
    return 'a run commits based on a state that it read before its lease was taken over'
  const who = s[PUBLISHING]!
  for (let key = 0; key < KEYS; key += 1) {
    const [named, found] = [s[NAMED + key]!, s[FINAL + key]!]
    const name = `${FILES[key % 3]} of day ${Math.floor(key / 3)}`
    if (found !== ABSENT && found !== 0 && found !== s[LAST] && found !== s[PREVIOUS])
      return `${name} holds run ${found}, which never committed`
    if (named === found) continue
    if (who === 0 || who !== named) return `${name} holds run ${found}, not ${named}, and no run is publishing it`
    if ((s[ofRun(STAGE, who)]! & (1 << (key % 3))) === 0)
      return `run ${who} is being published, but its ${name} is neither staged nor final`
  }
  if (scenario.retentionEnds)
    for (const run of [1, 2])
      for (const table of [0, 1])
        if (s[ofTable(RETAINED_OF, run, table)] !== 0 && s[ofRun(RETENTION, run)] !== REMOVED)
          if (s[ofTable(RETAINED, run, table)] !== s[ofTable(RETAINED_OF, run, table)])
            return `etl.json says that run ${run} has retained ${FILES[table]}, but it has not`
  return manifestViolation(s, scenario)
}

/** Checks that the manifest of the last run that committed a day names all current tables of that day. */
function manifestViolation(s: State, scenario: Scenario): string | null {
  for (const [i, { day }] of scenario.runs.entries()) {
    const run = i + 1
    if (s[NAMED + keyOf(day, MANIFEST)] !== run) continue
    for (const table of [0, 1])
      if (s[ofTable(MANIFESTS, run, table)] !== s[NAMED + keyOf(day, table)])
        return `the manifest of day ${day} has lost ${FILES[table]}`
  }
  return null
}
