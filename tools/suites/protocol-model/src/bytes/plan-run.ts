import type { Context } from './context.ts'
import { type Move, move, type PlanPlace, type Publication, type Put } from './places.ts'
import type { RunActor } from './scenario.ts'
import { bytesOf, type Commit, daysOf, EMPTY, isPlainPath, keyOf, sorted, type Warehouse } from './warehouse.ts'
import { withIndexes } from './with-indexes.ts'

/** Step 1: a run reads its base. All that it is going to put and commit follows from that. */
export function movePlan(w: Warehouse, me: PlanPlace, actor: RunActor, { has, scenario }: Context): Move[] {
  const { id } = me
  const { again = {} } = actor
  if (me.at === 'plans') {
    if (has('index-of-older-base')) return [move('plans on etl.json', { does: 'plan', at: 'reads', id, older: w.etl! })]
    const planned = filesAgain(again, daysOf(w, w.etl!))
    return [move('plans on etl.json', { does: 'plan', at: 'reads', id, planned })]
  }
  if (w.etl === null) {
    if (Object.keys(w.objects).length > 0 && !has('absent-is-first'))
      return [move('finds objects and no etl.json: refuses', { does: 'nothing', id })]
    if (!has('first-in-place')) return [move('creates etl.json', me, { etl: EMPTY })]
  }
  const base = w.etl ?? EMPTY
  const days = daysOf(w, me.older ?? base)
  if (actor.drop && !actor.drop.some((day) => days[day]))
    return [move('finds nothing to prune', { does: 'nothing', id })]
  const { what, puts } = actor.drop
    ? removal(id, base, days, actor.drop, has)
    : publication(actor, me.planned ?? filesAgain(again, days), base, days, has)
  const since = scenario.unconditional === 'whole' ? { since: w.clock } : {}
  const at = puts.length === 0 ? 'commits' : 'puts'
  return [move('reads etl.json', { does: 'publish', at, id, base: w.etl, what, puts, n: 0, tried: 0, ...since })]
}

type Planned = Readonly<Record<string, string | null>>
type Days = ReturnType<typeof daysOf>
type Lists = Publication['lists']

const filesAgain = (again: Readonly<Record<string, number>>, days: Days): Planned =>
  Object.fromEntries(Object.entries(again).map(([table, from]) => [table, days[from]?.files[table] ?? null]))

/** Step 2: the files of the run, the list of its day, and the index of its month. */
function publication(
  { id, day = 0, tables }: RunActor,
  planned: Planned,
  base: Commit,
  days: Days,
  has: Context['has'],
): { what: Publication; puts: Put[] } {
  const files: Record<string, string> = has('list-of-own') ? {} : { ...days[day]?.files }
  const puts: Put[] = []
  for (const table of tables) {
    const key = `F.${id}${table}`
    const before = planned[table]
    if (before && (!isPlainPath(before) || has('no-adopt'))) {
      files[table] = before
      continue
    }
    // a plain path that a list of before names is taken under a key of the run's own
    const bytes = before ? bytesOf(before) : key
    files[table] = before ? `${key}=${bytes}` : key
    puts.push({ label: `puts ${key}`, key, value: bytes, ...(before ? { from: keyOf(before) } : {}) })
  }
  const changed = tables.map((table) => `${table}/${day}`)
  const key = has('takes-over-fixed-keys') ? `S.${day}` : `L.${id}`
  const lists = { ...takenOver(id, base, days, [String(day)], has), [day]: { key, files: sorted(files) } }
  const others = base.old && has('takes-over-own-day') ? {} : days
  const { what, puts: rest } = withIndexes(id, base, others, { lists, gone: [], changed })
  return { what, puts: [...puts, ...rest] }
}

/** The first run takes over the lists of state 1 to 3: it puts each under a key of its own. */
function takenOver(id: string, base: Commit, days: Days, except: readonly string[], has: Context['has']): Lists {
  if (!base.old || has('takes-over-own-day') || has('takes-over-fixed-keys')) return {}
  const others = Object.keys(days).filter((day) => !except.includes(day))
  return Object.fromEntries(others.map((day) => [day, { key: `L.${id}-${day}`, files: days[day]!.files }]))
}

/** Only indexes without the days that go. */
function removal(
  id: string,
  base: Commit,
  days: Days,
  drop: readonly number[],
  has: Context['has'],
): { what: Publication; puts: Put[] } {
  const gone = drop.map(String).filter((day) => days[day])
  return withIndexes(id, base, days, { lists: takenOver(id, base, days, gone, has), gone, changed: [] })
}
