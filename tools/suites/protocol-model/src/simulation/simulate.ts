import { type CopyPolicy, isDwhError, type ObjectStore } from '@dwh/core'
import { RETAINED_FOR_MS } from '@dwh/metadata'
import { type Outcome, read, run } from './actors.ts'
import { Ledger, Violation, type Work } from './invariants.ts'
import { Objects, type StoredBytes, type StoreKind } from './objects.ts'
import { type Random, seeded } from './random.ts'
import type { Code, PlannedTable, RunPlan } from './run-plan.ts'
import { type Faults, NO_FAULTS, Scheduler } from './scheduler.ts'
import { type DayTables, PAST, SITUATIONS, type Situation, START, type Stage, TODAY } from './situations.ts'

const LEASE_MS = 2 * 60 * 1000
/** Longer than replaced objects are retained. */
const LONG_MS = RETAINED_FOR_MS + 60 * 60 * 1000

const POLICIES: readonly CopyPolicy[] = ['daily', 'changed', 'month-end', 'never']

const FAULTS: readonly Omit<Faults, 'focus'>[] = [
  { crash: 0, lostAnswer: 0, sleep: 0.02 },
  { crash: 0.01, lostAnswer: 0, sleep: 0.02 },
  { crash: 0.003, lostAnswer: 0.01, sleep: 0.02 },
]

/** Requests with the most faults: around the commit, while plain copies are made, or while objects are removed. */
const FOCUSES: readonly RegExp[] = [/^put etl\.json/, /etl\.json/, /^(prepare|copy) /, /^delete /, /^put /]

/** The result of a schedule: the violation, if any, and what happened until then. */
export interface Ended {
  readonly seed: number
  readonly situation: string
  readonly violation: string | null
  readonly outcomes: readonly Outcome[]
  readonly trace: readonly string[]
}

/** Plays one schedule: runs, cleaners, readers, `dwh prune`. The seed chooses each request, crash and pause. */
export async function simulate({ code, before }: Stage, seed: number): Promise<Ended> {
  const random = seeded(seed)
  const number = random.below(SITUATIONS.length)
  const situation = SITUATIONS[number]!
  const kind = random.pick<StoreKind>(['folder', 'bucket', 'old bucket'])
  const leaseMs = random.chance(0.2) ? LEASE_MS : null
  const trace: string[] = [`${situation.name}, ${kind}${leaseMs ? ', with the lease' : ''}`]
  const ended = { seed, situation: situation.name, trace }
  try {
    const objects = before[number]!
    const outcomes = await play(code, { random, situation, objects, kind, leaseMs, trace })
    return { ...ended, violation: null, outcomes }
  } catch (error) {
    const why = error instanceof Violation ? error.message : String((error as Error).stack ?? error)
    return { ...ended, violation: why, outcomes: [] }
  }
}

interface Play {
  readonly random: Random
  readonly situation: Situation
  readonly objects: ReadonlyMap<string, StoredBytes>
  readonly kind: StoreKind
  readonly leaseMs: number | null
  readonly trace: string[]
}

async function play(code: Code, { random, situation, kind, leaseMs, trace, ...before }: Play): Promise<Outcome[]> {
  const objects = new Objects(kind, before.objects)
  let now = START
  const clock = () => new Date(now)
  // in some schedules a sleep may outlast the lease or the retention period
  const naps = random.pick(leaseMs === null ? [[0], [0], [0, LONG_MS]] : [[0], [LEASE_MS], [0, LEASE_MS]])
  const prunes = leaseMs === null && random.chance(situation.prunes ? 0.7 : 0.2)
  const tables = tablesOf(random, situation)
  // a plain copy that is removed looks to a late one as if it had never been there
  const copiesAreGuarded = kind !== 'old bucket' && !prunes && tables.keepCopies
  const ledger = new Ledger(objects, clock, { copiesAreGuarded })
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
  let ids = 0
  const newId = () => {
    ids += 1
    return `20260220T030000Z-c${ids}`
  }
  function startRun(name: string, faults: Faults, [date, names]: DayTables, { from = 0, fails = false } = {}): void {
    const runId = `20260220T030000Z-${name}`
    let base: number | null = null
    const onBase = (token: number) => {
      base = token
    }
    const whole = random.chance(0.5)
    const drops = random.chance(0.3)
    const onWork = (work: Work) => ledger.expect(runId, work)
    const planned = { date, tables: [...names].map(tables.plan), drops }
    const plan: RunPlan = { ...planned, runId, leaseMs, cleans, whole, fails, newId, onBase, onWork }
    const steps = async (store: ObjectStore) => {
      const outcome = await run(code, store, plan, clock)
      outcomes.set(runId, outcome)
      trace.push(`${runId} ends: ${outcome}`)
      if (outcome === 'conflict' && base === ledger.token) throw new Violation(`${runId} loses to nobody`)
    }
    scheduler.start(name, faults, steps, from)
  }

  const faults = { ...random.pick(FAULTS), focus: random.pick(FOCUSES) }
  startRun('a1', faults, random.pick(situation.runs))
  startRun('a2', faults, random.pick(situation.runs), { from: random.below(60) })
  if (random.chance(0.3)) startRun('a3', faults, random.pick(situation.runs), { from: random.below(60), fails: true })
  const cleaner = random.chance(0.7)
  if (cleaner)
    scheduler.start('cleaner', faults, async (store) => {
      for (let i = 0; i < 2; i += 1) {
        await code.clean(store, { now: clock(), raiseToken: random.chance(0.1), whole: true }).catch(unlessStore)
        await code.refreshCopies(store, { clock }).catch(unlessStore)
      }
    })
  if (prunes)
    scheduler.start('prune', faults, async (store) => {
      const bytes = (count: number) => Uint8Array.from({ length: count }, () => random.below(256))
      await code.pruneWarehouse({ store, clock, random: bytes, keep: { daily: 1 }, remove: true }).catch(unlessStore)
    })
  for (const day of [null, random.pick([PAST, TODAY])])
    scheduler.start(day === null ? 'reader' : `reader of ${day}`, faults, async (store) => {
      for (let i = 0; i < 2; i += 1) {
        const from = now
        await read(code, store, day, () => now > from + RETAINED_FOR_MS).catch((error) => {
          if (now <= from + RETAINED_FOR_MS) unlessStore(error)
        })
      }
    })
  // some may sleep until another run has ended
  const wake = random.chance(0.5)
  await scheduler.run(wake)
  checkOutcomes(outcomes, ledger)
  const isCalm = wake && !scheduler.harmed && !cleaner && !prunes && leaseMs === null && !cleans
  if (isCalm && ![...outcomes.values()].includes('published'))
    throw new Violation('no run was published, although there was no fault')

  // crashed processes have ended; their requests may still arrive
  now += 2 * LEASE_MS
  startRun('e0', NO_FAULTS, [TODAY, 'ab'])
  await scheduler.run()
  checkOutcomes(outcomes, ledger)
  if (!ledger.committed.includes('20260220T030000Z-e0')) throw new Violation('the next run was not published')
  for (let i = 0; i < 3; i += 1) {
    now += LONG_MS
    scheduler.start('tidy', NO_FAULTS, async (store) => {
      await code.refreshCopies(store, { clock })
      await code.clean(store, { now: clock(), raiseToken: false, whole: true })
      await code.refreshCopies(store, { clock })
    })
    await scheduler.run()
  }
  checkOutcomes(outcomes, ledger)
  // where nothing guards a copy, one that comes later than the retention time stays until `dwh repair`
  ledger.checkTidy(copiesAreGuarded || !naps.includes(LONG_MS))
  return [...outcomes.values()]
}

/** How the tables of a schedule's runs are: some are unchanged, or are not to have a plain copy of each day. */
function tablesOf(random: Random, { complete = 'daily' }: Situation) {
  const rate = random.pick([0, 0.5, 1])
  const policies = random.pick<readonly CopyPolicy[]>([[complete], [complete], POLICIES])
  return {
    keepCopies: policies.every((policy) => policy === 'daily'),
    plan: (name: string): PlannedTable => {
      return { name, changed: !random.chance(rate), complete: random.pick(policies) }
    },
  }
}

/** Ignores errors of a store that did not answer, and of a lost race: they do not violate the protocol. */
function unlessStore(error: unknown): void {
  if (!isDwhError(error, 'STORE_UNREACHABLE') && !isDwhError(error, 'CONFLICT')) throw error
}

/** Checks that a run committed exactly if it reports `published`. */
function checkOutcomes(outcomes: ReadonlyMap<string, Outcome>, { committed }: Ledger): void {
  for (const [runId, outcome] of outcomes) {
    if (outcome === 'uncertain') continue
    if ((outcome === 'published') !== committed.includes(runId))
      throw new Violation(`${runId} ends as "${outcome}", and has ${committed.includes(runId) ? '' : 'not '}committed`)
  }
}
