import { type Day, isDwhError, type ObjectStore } from '@dwh/core'
import { type Code, type Outcome, type RunPlan, read, run } from './actors.ts'
import { Ledger, Violation } from './invariants.ts'
import { Objects, type StoredBytes, type StoreKind } from './objects.ts'
import { type Random, seeded } from './random.ts'
import { type Faults, NO_FAULTS, Scheduler } from './scheduler.ts'

const PAST: Day = '2026-02-18'
const TODAY: Day = '2026-02-20'
const START = Date.parse('2026-02-20T03:00:00Z')
const HOUR_MS = 60 * 60 * 1000
const LEASE_MS = 2 * 60 * 1000

/** A run's day, and its tables, one letter each. */
type Work = readonly [Day, string]

const FAULTS: readonly Omit<Faults, 'focus'>[] = [
  { crash: 0, lostAnswer: 0, sleep: 0.02 },
  { crash: 0.01, lostAnswer: 0, sleep: 0.02 },
  { crash: 0.003, lostAnswer: 0.01, sleep: 0.02 },
]

/** Requests with the most faults: around the commit, or during promotion. */
const FOCUSES: readonly RegExp[] = [/^put etl\.json/, /etl\.json/, /^(move|delete) _dwh.stage/, /^(put|copy) /]

/** The content of the warehouse before, and what each of two racing runs may read. */
const SITUATIONS: readonly { name: string; before: Work[]; runs: Work[] }[] = [
  { name: 'first run', before: [], runs: [[TODAY, 'ab']] },
  { name: 're-run of the day', before: [[TODAY, 'ab']], runs: [[TODAY, 'ab']] },
  {
    name: 'replaced past day',
    before: [
      [PAST, 'ab'],
      [TODAY, 'a'],
    ],
    runs: [
      [PAST, 'ab'],
      [PAST, 'b'],
      [TODAY, 'ab'],
    ],
  },
  {
    name: 'run of some tables',
    before: [[TODAY, 'ab']],
    runs: [
      [TODAY, 'a'],
      [TODAY, 'b'],
      [TODAY, 'ab'],
    ],
  },
]

/** The result of a schedule: the violation, if any, and what happened until then. */
export interface Ended {
  readonly seed: number
  readonly situation: string
  readonly violation: string | null
  readonly outcomes: readonly Outcome[]
  readonly trace: readonly string[]
}

/** The start of each situation, made by the code under test without faults. */
export interface Stage {
  readonly code: Code
  readonly before: readonly { objects: ReadonlyMap<string, StoredBytes>; committed: readonly string[] }[]
}

export async function prepare(code: Code): Promise<Stage> {
  const before = []
  for (const situation of SITUATIONS) {
    const objects = new Objects('bucket')
    const committed = situation.before.map((_, i) => `before${i}`)
    for (const [i, [date, tables]] of situation.before.entries()) {
      const scheduler = new Scheduler(objects, seeded(0), { trace: [], onStep() {}, onSleep() {} })
      scheduler.start('before', NO_FAULTS, async (store) => {
        const plan: RunPlan = { runId: `before${i}`, date, tables: [...tables], leaseMs: null, cleans: false }
        await run(code, store, plan, () => new Date(START - HOUR_MS))
      })
      await scheduler.run()
    }
    before.push({ objects: objects.snapshot(), committed })
  }
  return { code, before }
}

/** Plays one schedule: two runs, a cleaner and readers. The seed chooses each request, crash and pause. */
export async function simulate({ code, before }: Stage, seed: number): Promise<Ended> {
  const random = seeded(seed)
  const number = random.below(SITUATIONS.length)
  const situation = SITUATIONS[number]!
  const kind = random.pick<StoreKind>(['folder', 'bucket', 'old bucket'])
  const leaseMs = random.chance(0.2) ? LEASE_MS : null
  const trace: string[] = [`${situation.name}, ${kind}${leaseMs ? ', with the lease' : ''}`]
  const ended = { seed, situation: situation.name, trace }
  try {
    const outcomes = await play(code, { ...before[number]!, random, runs: situation.runs, kind, leaseMs, trace })
    return { ...ended, violation: null, outcomes }
  } catch (error) {
    const why = error instanceof Violation ? error.message : String((error as Error).stack ?? error)
    return { ...ended, violation: why, outcomes: [] }
  }
}

interface Play {
  readonly random: Random
  readonly runs: readonly Work[]
  readonly objects: ReadonlyMap<string, StoredBytes>
  readonly committed: readonly string[]
  readonly kind: StoreKind
  readonly leaseMs: number | null
  readonly trace: string[]
}

async function play(code: Code, { random, runs, kind, leaseMs, trace, ...before }: Play): Promise<Outcome[]> {
  const objects = new Objects(kind, before.objects)
  let now = START
  const clock = () => new Date(now)
  const ledger = new Ledger(objects, clock, before.committed)
  // in some schedules a sleep may outlast the lease or the retention period
  const naps = random.pick(leaseMs === null ? [[0], [0], [0, 25 * HOUR_MS]] : [[0], [LEASE_MS], [0, LEASE_MS]])
  const scheduler = new Scheduler(objects, random, {
    trace,
    onStep: () => {
      now += 1
    },
    onSleep: () => {
      now += random.pick(naps)
    },
  })
  const outcomes = new Map<string, Outcome>()
  const cleans = leaseMs !== null || random.chance(0.5)
  function startRun(runId: string, faults: Faults, [date, tables]: Work, from = 0): void {
    const plan: RunPlan = { runId, date, tables: [...tables], leaseMs, cleans }
    const work = async (store: ObjectStore) => {
      const outcome = await run(code, store, plan, clock)
      outcomes.set(runId, outcome)
      trace.push(`${runId} ends: ${outcome}`)
    }
    scheduler.start(runId, faults, work, from)
  }

  const faults = { ...random.pick(FAULTS), focus: random.pick(FOCUSES) }
  startRun('run1', faults, random.pick(runs))
  startRun('run2', faults, random.pick(runs), random.below(60))
  const cleaner = random.chance(0.7)
  if (cleaner)
    scheduler.start('cleaner', faults, async (store) => {
      for (let i = 0; i < 2; i += 1)
        await code.clean(store, { now: clock(), raiseToken: random.chance(0.1) }).catch(unlessStore)
    })
  for (const day of [null, random.pick([PAST, TODAY])])
    scheduler.start(day === null ? 'reader' : `reader of ${day}`, faults, async (store) => {
      for (let i = 0; i < 2; i += 1)
        await read(code, store, day, (file) => ledger.retentionEnded(file)).catch(unlessStore)
    })
  // some may sleep until another run has ended
  const wake = random.chance(0.5)
  await scheduler.run(wake)
  checkOutcomes(outcomes, ledger)
  if (wake && !scheduler.harmed && !cleaner && leaseMs === null && ![...outcomes.values()].includes('published'))
    throw new Violation('no run was published, although there was no fault')

  // crashed processes have ended; their requests may still arrive
  now += 2 * LEASE_MS
  startRun('last', NO_FAULTS, [TODAY, 'ab'])
  await scheduler.run()
  if (outcomes.get('last') !== 'published') throw new Violation(`the next run: ${outcomes.get('last')}`)
  scheduler.start('tidy', NO_FAULTS, async (store) => {
    await code.clean(store, { now: clock(), raiseToken: false })
  })
  await scheduler.run()
  checkOutcomes(outcomes, ledger)
  ledger.checkTidy()
  return [...outcomes.values()]
}

/** Ignores errors of a store that did not answer: they do not violate the protocol. */
function unlessStore(error: unknown): void {
  if (!isDwhError(error, 'STORE_UNREACHABLE')) throw error
}

/** Checks that a run committed exactly if it reports `published`. */
function checkOutcomes(outcomes: ReadonlyMap<string, Outcome>, { committed }: Ledger): void {
  for (const [runId, outcome] of outcomes) {
    if (outcome === 'uncertain') continue
    if ((outcome === 'published') !== committed.includes(runId))
      throw new Violation(`${runId} ends as "${outcome}", and has ${committed.includes(runId) ? '' : 'not '}committed`)
  }
}
