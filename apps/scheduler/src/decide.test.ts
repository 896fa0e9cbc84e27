import { expect, test } from 'vitest'
import { afterClockChange, afterJob, afterLook, isWanted, nextDue, startState } from './decide.ts'
import type { Outcome, OutcomeResult } from './outcome.ts'
import { parseSchedule } from './schedule.ts'
import type { SchedulerState } from './state.ts'
import { SETTINGS, viewOf } from './view.test-support.ts'

const at = (time: string) => new Date(`2026-02-${time}Z`)
const START = at('18T12:00:00')

function ended(result: OutcomeResult, startedAt: Date): Outcome {
  return { result, answer: null, error: { message: 'why', hint: null }, startedAt, durationMs: 1000 }
}

/** Returns the state after runs that began at these times and took a second each. */
function runs(state: SchedulerState, results: readonly [OutcomeResult, Date][], settings = SETTINGS): SchedulerState {
  return results.reduce(
    (now, [result, begun]) => afterJob(now, settings, 'run', ended(result, begun), new Date(begun.getTime() + 1000)),
    state,
  )
}

test('start: run is due at once, the other jobs at their times', () => {
  const state = startState(SETTINGS, START)
  expect(nextDue(state)).toEqual({ what: 'run', at: START })
  expect(state.due).toMatchObject({ prune: at('19T04:00:00'), verify: at('22T05:00:00') })
  expect(startState({ ...SETTINGS, catchUp: false }, START).due.run).toEqual(at('19T03:00:00'))
  expect(startState({ ...SETTINGS, catchUp: false, runOnStart: true }, START).due.run).toEqual(START)
  const never = { run: null, prune: null, verify: null }
  expect(nextDue(startState({ ...SETTINGS, schedules: never }, START))).toBeNull()
})

test('run needed: once the first scheduled time after the last run has passed', () => {
  const seen = (startedAt: Date | null) => ({
    ...startState(SETTINGS, START),
    seen: true,
    view: viewOf({ orders: { startedAt } }),
  })
  expect(isWanted(seen(at('18T03:00:00')), SETTINGS, 'run', START)).toBe(false)
  expect(isWanted(seen(at('18T02:59:59')), SETTINGS, 'run', START)).toBe(true)
  expect(isWanted(seen(at('18T11:00:00')), SETTINGS, 'run', START)).toBe(false)
  expect(isWanted(seen(at('10T03:00:00')), SETTINGS, 'run', START)).toBe(true)
  // a table without a start time counts as old
  expect(isWanted(seen(null), SETTINGS, 'run', START)).toBe(true)
  const empty = { ...startState(SETTINGS, START), seen: true, view: viewOf({}) }
  expect(isWanted(empty, SETTINGS, 'run', START)).toBe(true)
  // the warehouse cannot be read: the error of the run tells why
  expect(isWanted(startState(SETTINGS, START), SETTINGS, 'run', START)).toBe(true)
  const forced = { ...seen(at('18T11:00:00')), forced: true }
  expect(isWanted(forced, SETTINGS, 'run', START)).toBe(true)
})

test('run of some tables: does not make the others newer', () => {
  const view = viewOf({ orders: { startedAt: at('18T11:00:00') }, events: { startedAt: at('17T03:00:00') } })
  const state = { ...startState(SETTINGS, START), seen: true, view }
  expect(isWanted(state, SETTINGS, 'run', START)).toBe(true)
})

test('table that the last run could not read: no further run is needed', () => {
  const failedTables = { events: { message: 'no', startedAt: at('18T03:00:00') } }
  const tables = { orders: { startedAt: at('18T03:00:00') }, events: { startedAt: at('11T03:00:00') } }
  const state = { ...startState(SETTINGS, START), seen: true, view: viewOf(tables, { failedTables }) }
  expect(isWanted(state, SETTINGS, 'run', START)).toBe(false)
  // but its previous version is old
  expect(afterLook(state, SETTINGS, START).staleSince).toEqual(START)
})

test('last run made by a clock in 2030: the next run does not wait until then', () => {
  const view = viewOf({ orders: { startedAt: new Date('2030-01-01T00:00Z') } })
  const state = { ...startState(SETTINGS, START), seen: true, view }
  expect(isWanted(state, SETTINGS, 'run', START)).toBe(true)
  expect(afterLook(state, SETTINGS, START).staleSince).toEqual(START)
})

test('clock set back: no job waits for a time that is years away', () => {
  const ahead = startState({ ...SETTINGS, catchUp: false }, new Date('2030-01-01T00:00Z'))
  const { due } = afterClockChange(ahead, SETTINGS, START)
  expect(due).toMatchObject({ run: at('19T03:00:00'), prune: at('19T04:00:00'), verify: at('22T05:00:00') })
  const retrying = {
    ...startState(SETTINGS, START),
    due: { run: at('18T12:10:00'), prune: null, verify: null, look: null },
  }
  expect(afterClockChange(retrying, SETTINGS, START).due).toMatchObject({ run: at('18T12:10:00'), prune: null })
})

test('warehouse unreadable, or run by another scheduler: read every ten minutes', () => {
  const unseen = afterLook(startState(SETTINGS, START), SETTINGS, START)
  expect(unseen.due.look).toEqual(at('18T12:10:00'))
})

test('failures: retried after 1, 2, 4, ... minutes, then at the next scheduled time with new retries', () => {
  let state = startState({ ...SETTINGS, retries: 3 }, START)
  const delays: number[] = []
  for (let failure = 0; failure < 4; failure += 1) {
    const begun = state.due.run as Date
    state = runs(state, [['failed', begun]], { ...SETTINGS, retries: 3 })
    delays.push(((state.due.run as Date).getTime() - begun.getTime() - 1000) / 60_000)
  }
  expect(delays.slice(0, 3)).toEqual([1, 2, 4])
  expect(state).toMatchObject({ due: { run: at('19T03:00:00') }, jobs: { run: { failures: 4, retry: 0 } } })
  const again = runs(state, [['failed', at('19T03:00:00')]], { ...SETTINGS, retries: 3 })
  expect(again).toMatchObject({ due: { run: at('19T03:01:01') }, jobs: { run: { retry: 1 } } })
})

test('retry: never later than the next scheduled time or one hour', () => {
  const schedules = { ...SETTINGS.schedules, run: parseSchedule('*/5 * * * *', 'UTC', 'run') }
  const often = runs(
    startState(SETTINGS, START),
    [
      ['failed', START],
      ['failed', at('18T12:01:01')],
      ['failed', at('18T12:03:02')],
    ],
    { ...SETTINGS, schedules },
  )
  expect(often.due.run).toEqual(at('18T12:05:00'))
  const many = { ...SETTINGS, retries: 100 }
  const patient = runs(
    startState(many, START),
    Array.from({ length: 20 }, () => ['failed', at('18T03:00:00')]),
    many,
  )
  expect(patient.due.run).toEqual(at('18T04:00:01'))
})

test('wrong settings: not retried before the scheduled time', () => {
  expect(runs(startState(SETTINGS, START), [['config_error', START]]).due.run).toEqual(at('19T03:00:00'))
})

test('another run holds the lease: retried after 30 s, then less often; not a failure', () => {
  const state = runs(startState(SETTINGS, START), [
    ['locked', START],
    ['locked', START],
  ])
  expect(state).toMatchObject({ due: { run: at('18T12:01:01') }, jobs: { run: { failures: 0, failing: null } } })
})

test('scheduled time passed during a run: caught up once', () => {
  const begun = at('15T03:00:00')
  const state = afterJob(startState(SETTINGS, START), SETTINGS, 'run', ended('success', begun), START)
  expect(state.due.run).toEqual(at('16T03:00:00'))
  const next = afterJob(state, SETTINGS, 'run', ended('success', START), START)
  expect(next.due.run).toEqual(at('19T03:00:00'))
})

test('stale: stale_after past the first scheduled time without a run; then read every ten minutes', () => {
  const view = viewOf({ orders: { startedAt: at('17T03:00:00') } })
  const state = { ...startState(SETTINGS, START), seen: true, view }
  const fresh = afterLook(state, SETTINGS, at('18T05:59:59'))
  expect(fresh).toMatchObject({ staleSince: null, due: { look: at('18T06:00:00') } })
  const stale = afterLook(fresh, SETTINGS, at('18T06:00:00'))
  expect(stale).toMatchObject({ staleSince: at('18T06:00:00'), due: { look: at('18T06:10:00') } })
  expect(afterLook(stale, SETTINGS, at('18T06:10:00')).staleSince).toEqual(at('18T06:00:00'))
  const renewed = afterLook(
    { ...stale, view: viewOf({ orders: { startedAt: at('18T06:12:00') } }) },
    SETTINGS,
    at('18T06:20:00'),
  )
  expect(renewed).toMatchObject({ staleSince: null, due: { look: at('19T06:00:00') } })
})

test('stale before the first run: counted from the start or the first scheduled time', () => {
  const empty = { ...startState(SETTINGS, START), seen: true, view: viewOf({}) }
  expect(afterLook(empty, SETTINGS, START).due.look).toEqual(at('18T15:00:00'))
  const later = { ...SETTINGS, catchUp: false }
  expect(afterLook(empty, later, START).due.look).toEqual(at('19T06:00:00'))
  const never = { ...SETTINGS, schedules: { ...SETTINGS.schedules, run: null } }
  expect(afterLook(empty, never, START)).toMatchObject({ staleSince: null, due: { look: at('18T12:10:00') } })
})

test('verify: stores the last problems by kind', () => {
  const answer = {
    problems: [
      { kind: 'missing', message: 'a' },
      { kind: 'damaged', message: 'b' },
      { kind: 'missing', message: 'c' },
    ],
  }
  const damaged = afterJob(
    startState(SETTINGS, START),
    SETTINGS,
    'verify',
    { ...ended('damaged', START), answer },
    START,
  )
  expect(damaged.jobs.verify).toMatchObject({
    problems: { missing: 2, damaged: 1 },
    failing: { message: '3 damaged files or records: a' },
  })
  expect(damaged.due.verify).toEqual(at('22T05:00:00'))
  const whole = afterJob(damaged, SETTINGS, 'verify', ended('success', START), START)
  expect(whole.jobs.verify).toMatchObject({ problems: {}, failing: null })
})
