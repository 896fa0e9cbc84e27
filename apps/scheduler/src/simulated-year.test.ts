import { formatRunId } from '@dwh/core'
import { expect, test } from 'vitest'
import type { Outcome, OutcomeResult } from './outcome.ts'
import { parseSchedule, type Schedule } from './schedule.ts'
import { makeScheduler } from './scheduler.ts'
import type { Job, SchedulerSettings } from './settings.ts'
import { type SimulatedTime, simulatedTime } from './simulated-time.test-support.ts'

/*
 * Runs the real scheduler through a year, with simulated time and simulated commands of dwh. Runs take time and fail. A
 * run that is killed with its scheduler leaves its lease, which the next run finds.
 */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = new Date('2026-01-01T12:00Z')
const END = new Date('2027-01-01T12:00Z')
/** How long the lease of a run lasts after the run was killed with its scheduler. */
const LEASE_MS = 2 * MINUTE

/** Returns a random number generator (Mulberry32) that gives the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Simulation {
  readonly time: SimulatedTime
  readonly random: () => number
  /** The start of each successful run of all tables, and of each of some: of the only table that there is. */
  readonly good: Date[]
  readonly some: Date[]
  /** Runs that took longer than an hour and a half, successful or not. */
  readonly long: [from: Date, to: Date][]
  leaseUntil: number
  failuresInARow: number
  /** `dwh status` fails, so schedulers do not know the state of the warehouse. */
  readonly blind: boolean
  /** Periods in which a scheduler was at work. */
  readonly up: [from: Date, to: Date][]
}

/** Returns the same schedule with the times of the year computed in advance: a year needs them 100,000 times. */
function workedOut(schedule: Schedule): Schedule {
  const times = [schedule.next(START)]
  for (let last = times[0] as Date; last <= END; times.push(last)) last = schedule.next(last)
  const next = (time: Date) => {
    if (time < START || time > END) return schedule.next(time)
    let [low, high] = [0, times.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((times[middle] as Date) > time) high = middle
      else low = middle + 1
    }
    return times[high] as Date
  }
  return { ...schedule, next }
}

const settings = (expression: string, timeZone: string): SchedulerSettings => ({
  timeZone,
  schedules: {
    run: workedOut(parseSchedule(expression, timeZone, 'run')),
    prune: null,
    verify: workedOut(parseSchedule('0 5 * * 0', timeZone, 'verify')),
  },
  tables: {},
  runOnStart: false,
  catchUp: true,
  deadlineMs: 12 * HOUR,
  isRetentionSet: false,
  retries: 5,
  retryDelayMs: MINUTE,
  staleAfterMs: 3 * HOUR,
  verifySample: 0.05,
  rowChange: 0.5,
  webhook: null,
  listen: null,
})

/** Simulates a command of `dwh` and returns its outcome. */
async function command(
  args: readonly string[],
  { time, random, ...simulation }: Simulation,
  shared: Simulation,
  signal: AbortSignal,
): Promise<Outcome> {
  const startedAt = time.clock()
  const ended = (result: OutcomeResult, answer: unknown = null): Outcome => ({
    result,
    answer,
    error: result === 'success' ? null : { message: result, hint: null },
    startedAt,
    durationMs: time.clock().getTime() - startedAt.getTime(),
  })
  if (args[0] !== 'run') {
    await time.sleep(args[0] === 'status' ? 300 : 10 * MINUTE, signal)
    if (signal.aborted) return ended('stopped')
    if (simulation.blind && args[0] === 'status') return ended('failed')
    return ended('success', args[0] === 'status' ? statusOf(simulation) : { problems: [] })
  }
  // the id of a run contains its start to the second
  const begun = new Date(Math.floor(startedAt.getTime() / 1000) * 1000)
  const lastRun = args.includes('--if-last-run') ? args.at(-1) : undefined
  const superseded = lastRun !== undefined && lastRun !== lastOf(simulation)
  if (shared.leaseUntil > startedAt.getTime() || superseded) {
    await time.sleep(1000, signal)
    return ended(signal.aborted ? 'stopped' : 'locked')
  }
  shared.leaseUntil = Number.POSITIVE_INFINITY
  const long = random() < 0.05
  const ofSome = args.includes('--tables=orders')
  await time.sleep(random() * (long ? 30 * HOUR : ofSome ? 5 * MINUTE : 90 * MINUTE), signal)
  if (long) simulation.long.push([startedAt, time.clock()])
  if (signal.aborted) {
    shared.leaseUntil = time.clock().getTime() + LEASE_MS
    return ended('stopped')
  }
  shared.leaseUntil = 0
  if (random() < 0.25 && shared.failuresInARow < 3) {
    shared.failuresInARow += 1
    return ended('failed')
  }
  shared.failuresInARow = 0
  if (ofSome) simulation.some.push(begun)
  else simulation.good.push(begun)
  return ended('success', {})
}

/** Returns the id of the last run: its number. */
function lastOf({ good, some }: Pick<Simulation, 'good' | 'some'>): string {
  return good.length + some.length === 0 ? 'none' : `run ${good.length + some.length}`
}

function statusOf({ good, some }: Pick<Simulation, 'good' | 'some'>) {
  const [ofAll, ofSome] = [good.at(-1), some.at(-1)]
  const last = ofAll && ofSome && ofSome > ofAll ? ofSome : (ofAll ?? ofSome)
  const started_at = last?.toISOString() ?? null
  const source = { schema: 'public', table: 'orders' }
  return {
    storage: 'simulated',
    last_run_at: started_at,
    duration_ms: 1,
    run_id: last === undefined ? null : lastOf({ good, some }),
    last_run_of_all: ofAll
      ? { run_id: formatRunId(ofAll, new Uint8Array(4)), at: ofAll.toISOString(), duration_ms: 1 }
      : null,
    remembered_at: null,
    failed_tables: {},
    last_failure: null,
    current: started_at === null ? {} : { orders: { source, rows: 1, bytes: 1, started_at, columns: [] } },
  }
}

/** Runs one scheduler after another; each ends at a random time. */
async function keepUp(simulation: Simulation, given: SchedulerSettings): Promise<void> {
  const { time, random } = simulation
  while (time.clock() < END) {
    const controller = new AbortController()
    const { signal } = controller
    const from = time.clock()
    const scheduler = makeScheduler({
      settings: given,
      clock: time.clock,
      wait: (until, over) => time.sleepUntil(until ?? END, over),
      dwh: (args) => command(args, simulation, simulation, signal),
      alert: () => {},
      log: () => {},
      signal,
    })
    const running = scheduler.run()
    // most run for hours or days and pause for minutes; some run for minutes only, or pause for hours
    await time.sleep(random() < 0.2 ? random() * 5 * MINUTE : random() * 96 * HOUR)
    controller.abort()
    await running
    simulation.up.push([from, time.clock()])
    await time.sleep(random() < 0.7 ? random() * 10 * MINUTE : random() * 30 * HOUR)
  }
}

/** Returns the scheduled times without a run, and those with several, counting runs up to the next scheduled time. */
function account({ good, some, up, long }: Simulation, { schedules }: SchedulerSettings, job: Job = 'run') {
  const schedule = schedules[job] as NonNullable<typeof schedules.run>
  const made = job === 'run' ? good : some
  const missed: string[] = []
  const doubled: string[] = []
  let windows = 0
  for (let from = schedule.next(START), to = schedule.next(from); to < END; from = to, to = schedule.next(to)) {
    windows += 1
    const starts = made.filter((start) => start >= from && start < to)
    if (starts.length > 1) doubled.push(`${from.toISOString()}: ${starts.map((start) => start.toISOString())}`)
    // time enough for three failures, their retries, and the run; unless a long one was in progress
    const enough = up.some(([begun, ended]) => Math.min(+ended, +to) - Math.max(+begun, +from) > 8 * HOUR)
    const busy = long.some(([begun, ended]) => begun < to && ended > from)
    if (starts.length === 0 && enough && !busy) missed.push(from.toISOString())
  }
  return { missed, doubled, windows }
}

const ZONES: [expression: string, timeZone: string][] = [
  ['0 3 * * *', 'UTC'],
  ['30 2 * * *', 'Europe/Zurich'],
  ['30 1 * * *', 'America/New_York'],
  ['15 2 * * *', 'Australia/Lord_Howe'],
]

async function year(given: SchedulerSettings, seed: number, schedulers: number, blind = false): Promise<Simulation> {
  const time = simulatedTime(START)
  const random = randomOf(seed)
  const simulation: Simulation = {
    time,
    random,
    blind,
    good: [],
    some: [],
    long: [],
    leaseUntil: 0,
    failuresInARow: 0,
    up: [],
  }
  for (let number = 0; number < schedulers; number += 1) void keepUp(simulation, given)
  await time.runUntil(END)
  return simulation
}

test.each(ZONES)(
  'a year of %s in %s over both clock changes, restarted at random: no day missed, none doubled',
  async (expression, timeZone) => {
    const given = settings(expression, timeZone)
    for (const schedulers of [1, 2]) {
      for (let seed = 1; seed <= 2; seed += 1) {
        const simulation = await year(given, seed, schedulers)
        const { missed, doubled, windows } = account(simulation, given)
        expect({ seed, schedulers, missed, doubled }).toEqual({ seed, schedulers, missed: [], doubled: [] })
        // the account covers nearly the whole year
        expect(windows).toBeGreaterThan(360)
        expect(simulation.long.length).toBeLessThan(40)
        expect(simulation.good.length).toBeGreaterThan(250)
      }
    }
  },
  180_000,
)

test('a year with runs of the same table every four hours: no day missed, none doubled', async () => {
  const given = settings('30 2 * * *', 'Europe/Zurich')
  const { run, ...others } = given.schedules
  const often = workedOut(parseSchedule('20 */4 * * *', given.timeZone, 'tables'))
  const both = {
    ...given,
    schedules: { run, 'tables 1': often, ...others },
    tables: { 'tables 1': { name: 'orders', patterns: ['orders'], deadlineMs: HOUR } },
  }
  const simulation = await year(both, 3, 2)
  const { missed, doubled } = account(simulation, both)
  expect({ missed, doubled }).toEqual({ missed: [], doubled: [] })
  expect(account(simulation, both, 'tables 1').doubled).toEqual([])
  expect(simulation.good.length).toBeGreaterThan(250)
  expect(simulation.some.length).toBeGreaterThan(1000)
}, 180_000)

test('schedulers that cannot read the warehouse: runs are doubled, and the test detects it', async () => {
  const given = settings('0 3 * * *', 'UTC')
  expect(account(await year(given, 1, 1, true), given).doubled.length).toBeGreaterThan(20)
  const idle = { ...given, catchUp: false }
  expect(account(await year(idle, 1, 1), idle).missed.length).toBeGreaterThan(5)
})
