import type { Context } from './context.ts'
import { type Idle, type Move, move, type PublishPlace, type RepairPlace } from './places.ts'
import type { Actor } from './scenario.ts'
import { type Commit, daysOf, type Files, keyOf, reach, recordAt, sorted, type Warehouse } from './warehouse.ts'
import { withIndexes } from './with-indexes.ts'

type Repair = Extract<Actor, { kind: 'repair' }>
const DONE: Idle = { does: 'nothing' }
/** The fencing token of an `etl.json` that was made again: higher than any count reaches. */
const REBUILT_TOKEN = 20
/** The id of a repair that commits. */
const ID = 'rep'

/** `dwh repair`: puts back a lost object with its bytes, commits it under a new key, or makes `etl.json` again. */
export function moveRepair(w: Warehouse, me: RepairPlace, actor: Repair, context: Context): Move[] {
  const { has, put } = context
  if (actor.of === 'etl.json') return makesCommit(w, me, context)
  if (me.at === 'puts back') {
    const bytes = me.from && has('copies-plain-back') ? w.plain[me.from]! : me.bytes!
    return [move(`puts ${me.key}`, DONE, put(w, me.key as string, bytes))]
  }
  if (w.etl === null) return []
  const key = reach(w, w.etl).missing[0]
  if (key === undefined) return []
  const days = daysOf(w, w.etl)
  const day = Object.values(days).find(({ list }) => list === key)
  if (day && !actor.remakes) {
    const back = { does: 'repair', at: 'puts back', key, bytes: { files: day.files } } as const
    return [move(`finds ${key} in the index`, back)]
  }
  const same = Object.keys(w.plain).find((path) => w.plain[path] === key)
  if (same) {
    const back = { does: 'repair', at: 'puts back', key, bytes: key, from: same } as const
    return [move(`finds the bytes of ${key} at ${same}`, back)]
  }
  return remakes(w, w.etl, key, context)
}

/** Makes what it cannot put back byte for byte under a new key, in every list of every month that names it. */
function remakes(w: Warehouse, etl: Commit, lost: string, { has }: Context): Move[] {
  const days = daysOf(w, etl)
  const lists: Record<string, { key: string; files: Files }> = {}
  const changed: string[] = []
  const puts: PublishPlace['puts'][number][] = []
  for (const [day, { list, files }] of Object.entries(days)) {
    const table = Object.keys(files).find((each) => keyOf(files[each] as string) === lost)
    if (list !== lost && table === undefined) continue
    if (has('repairs-one-list') && Object.keys(lists).length > 0) continue
    const after = { ...files }
    if (table !== undefined) {
      const bytes = Object.entries(w.plain).find(([path]) => path.startsWith(`${table}/`))?.[1]
      if (bytes === undefined) return []
      const key = `F.${ID}${table}`
      after[table] = `${key}=${bytes}`
      changed.push(`${table}/${day}`)
      if (puts.length === 0) puts.push({ label: `puts ${key}`, key, value: bytes })
    }
    lists[day] = { key: `L.${ID}-${day}`, files: sorted(after) }
  }
  if (has('other-bytes-back')) return [puttingOtherBytesBack(lost, lists, puts)]
  const made = changed.length === 0 ? { made: ID } : {}
  const { what, puts: rest } = withIndexes(ID, etl, days, { lists, gone: [], changed, ...made })
  const place: PublishPlace = {
    does: 'publish',
    at: 'puts',
    id: ID,
    base: etl,
    what,
    puts: [...puts, ...rest],
    n: 0,
    tried: 0,
    repairs: lost,
  }
  return [move(`cannot make ${lost} as it was`, place)]
}

/** With a flaw: what it made goes under the key of before. */
function puttingOtherBytesBack(key: string, lists: PublishPlace['what']['lists'], puts: PublishPlace['puts']): Move {
  const bytes = puts[0]?.value ?? { files: Object.values(lists)[0]!.files, made: ID }
  return move(`cannot make ${key} as it was`, { does: 'repair', at: 'puts back', key, bytes })
}

/** Makes `etl.json` again from the record with the highest token: that names the indexes of every month. */
function makesCommit(w: Warehouse, me: RepairPlace, { has, lands }: Context): Move[] {
  if (me.at === 'puts etl.json') {
    if (!lands(w.etl, null) && !has('rebuilt-unconditionally')) return [move('puts etl.json: there is one', DONE)]
    return [move('puts etl.json', { does: 'refresh', at: 'looks', done: {}, next: DONE }, { etl: me.etl! })]
  }
  if (w.etl !== null) return []
  const indexes = chosenIndexes(w, has)
  if (indexes === null) return [move('lists all there is: nothing to go by', DONE)]
  const current: Record<string, { day: number; ref: string }> = {}
  for (const [day, { files }] of Object.entries(daysOf(w, { indexes })))
    for (const [table, ref] of Object.entries(files)) current[table] = { day: Number(day), ref }
  const run = Object.values(indexes)[0]!.slice(2)
  const pending = Object.keys(w.plain)
  const made: Commit = {
    run,
    token: REBUILT_TOKEN,
    current: sorted(current),
    indexes,
    retired: [],
    pending,
    failure: '',
  }
  const { keys } = reach(w, made)
  const others = Object.keys(w.objects).filter((key) => !keys.includes(key))
  const etl = { ...made, retired: [{ run: ID, until: null, keys: others, paths: [] }] }
  return [move('lists all there is', { does: 'repair', at: 'puts etl.json', etl })]
}

function chosenIndexes(w: Warehouse, has: Context['has']): Commit['indexes'] | null {
  const isWhole = (indexes: Commit['indexes']) => reach(w, { current: {}, indexes }).missing.length === 0
  const keys = Object.keys(w.objects)
  const records = keys.filter((key) => key.startsWith('R.')).map((key) => recordAt(w, key))
  const byToken = (a: { readonly token: number }, b: { readonly token: number }) => a.token - b.token
  if (has('newest-index') || has('newest-of-each-month')) {
    const months: Record<string, string> = {}
    const recorded = [...records].sort(byToken).flatMap(({ indexes }) => Object.entries(indexes))
    const named = has('newest-of-each-month') ? recorded : keys.filter((key) => key.startsWith('I.')).map(monthAndKey)
    for (const [month, key] of named) if (isWhole({ [month]: key })) months[month] = key
    return months
  }
  // a file that is lost, too, is no reason to go back to an earlier commit
  const candidates = has('whole-records-only') ? records.filter(({ indexes }) => isWhole(indexes)) : records
  const best = has('newest-record') ? candidates.at(-1) : [...candidates].sort(byToken).at(-1)
  const isReadable = best && Object.values(best.indexes).every((key) => w.objects[key] !== undefined)
  return isReadable ? best.indexes : null
}

/** `I.1-2` is of month 2. */
const monthAndKey = (key: string): [month: string, key: string] => [key.split('-')[1] ?? '0', key]
