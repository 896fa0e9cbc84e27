import { expect, test } from 'vitest'
import { type Alert, afterJobAlerts, afterLookAlerts } from './alerts.ts'
import { afterJob, afterLook, isWanted, nextDue, skippedTimes, skipRun, startState } from './decide.ts'
import { newForeignKeys } from './foreign-keys.ts'
import { readiness } from './health.ts'
import { renderMetrics } from './metrics.ts'
import type { Outcome, OutcomeResult } from './outcome.ts'
import { parseSchedule } from './schedule.ts'
import { historyOf, type SchedulerState } from './state.ts'
import { SETTINGS, viewOf } from './view.test-support.ts'
import type { TableView, WarehouseView } from './warehouse-view.ts'

const JOB = 'tables 1'
const at = (time: string) => new Date(`2026-02-${time}Z`)
const START = at('18T12:00:00')
const settings = {
  ...SETTINGS,
  schedules: {
    run: SETTINGS.schedules.run,
    [JOB]: parseSchedule('*/5 * * * *', 'UTC', 'tables'),
    prune: SETTINGS.schedules.prune,
    verify: SETTINGS.schedules.verify,
  },
  tables: { [JOB]: { name: 'orders, items', patterns: ['orders', 's.it?ms'], deadlineMs: 60_000 } },
} as const

const ORDERS = { source: { schema: 'public', name: 'orders' } }
const ITEMS = { source: { schema: 's', name: 'items' } }

/** The view of a warehouse; `ofAll`: the start of its last run of all tables. */
function seen(
  tables: Readonly<Record<string, Partial<TableView>>>,
  ofAll: Date | null | undefined,
  more: Partial<WarehouseView> = {},
): SchedulerState {
  const last = ofAll && { startedAt: ofAll, at: new Date(ofAll.getTime() + 1000), durationMs: 1000 }
  return { ...startState(settings, START), seen: true, view: viewOf(tables, { ofAll: last, ...more }) }
}

function ended(result: OutcomeResult, startedAt: Date, answer: unknown = null): Outcome {
  return { result, answer, error: { message: 'why', hint: null }, startedAt, durationMs: 1000 }
}

test('due at once: all tables first, then some, which that run covers', () => {
  const state = startState(settings, START)
  expect(nextDue(state)).toEqual({ what: 'run', at: START })
  const { due } = afterJob(state, settings, 'run', ended('success', START), at('18T12:00:30'))
  expect(nextDue({ ...state, due })).toEqual({ what: JOB, at: START })
  const covered = seen({ orders: { ...ORDERS, startedAt: START } }, START)
  expect(isWanted(covered, settings, JOB, at('18T12:00:30'))).toBe(false)
  expect(skipRun(covered, settings, JOB, at('18T12:00:30')).due[JOB]).toEqual(at('18T12:05:00'))
  // a time that passes during a run of all tables gets one run after it
  expect(isWanted(covered, settings, JOB, at('18T12:40:00'))).toBe(true)
  expect(nextDue(startState({ ...settings, catchUp: false }, START))).toEqual({ what: JOB, at: at('18T12:05:00') })
  const four = at('19T04:00:00')
  expect(nextDue({ ...state, due: { ...state.due, run: null, [JOB]: four, prune: four } })?.what).toBe(JOB)
})

test('run of some tables needed: by the oldest of its tables, by their names in the source', () => {
  const tables = (items: string, others = '10T03:00:00') => ({
    orders_renamed: { ...ORDERS, startedAt: at('18T11:55:02') },
    's.items': { ...ITEMS, startedAt: at(items) },
    'S.items': { source: { schema: 'S', name: 'items' }, startedAt: at(others) },
  })
  const now = at('18T11:58:00')
  expect(isWanted(seen(tables('18T11:55:02'), at('18T03:00:00')), settings, JOB, now)).toBe(false)
  expect(isWanted(seen(tables('18T11:50:02'), at('18T03:00:00')), settings, JOB, now)).toBe(true)
  // a table that was found the same as before keeps its run
  expect(isWanted(seen(tables('18T03:00:00'), at('18T11:56:00')), settings, JOB, now)).toBe(false)
  const failedTables = { 's.items': { message: 'no', startedAt: at('18T11:55:02') } }
  const failed = seen(tables('10T03:00:00'), at('18T11:50:00'), { failedTables })
  expect(isWanted(failed, settings, JOB, now)).toBe(false)
  // none of them is in the warehouse yet
  expect(isWanted(seen({ other: {} }, at('18T11:59:00')), settings, JOB, now)).toBe(true)
  expect(isWanted({ ...failed, seen: false }, settings, JOB, now)).toBe(true)
  // a forced run is one of all tables
  const done = { ...seen(tables('18T11:55:02'), at('18T03:00:00')), forced: true }
  expect(isWanted(done, settings, JOB, now)).toBe(false)
})

test('runs of some tables that read every table: not the run of all tables', () => {
  const all = { orders: { ...ORDERS, startedAt: at('18T11:55:00') } }
  const nightly = seen(all, at('17T03:00:00'))
  expect(isWanted(nightly, settings, 'run', START)).toBe(true)
  expect(afterLook(nightly, settings, START).staleSince).toEqual(START)
  const early = at('18T05:00:00')
  expect(afterLook(nightly, settings, early)).toMatchObject({ staleSince: null, due: { look: at('18T06:00:00') } })
  expect(isWanted(seen(all, at('18T03:00:00')), settings, 'run', START)).toBe(false)
  expect(isWanted(seen(all, null), settings, 'run', START)).toBe(true)
  // a warehouse of before: by the oldest table
  expect(isWanted(seen(all, undefined), settings, 'run', START)).toBe(false)
  const failing = { since: at('18T03:10:00'), message: 'why', alertedAt: at('18T03:40:00') }
  const run = { ...historyOf(nightly, 'run'), failures: 6, failing }
  const failed = { ...nightly, jobs: { run, [JOB]: run } }
  const looked = afterLook(failed, settings, START)
  expect(historyOf(looked, 'run').failing).toEqual(failing)
  expect(historyOf(looked, JOB).failing).toBeNull()
})

test('ready: only after a run of all tables, unless none is scheduled', () => {
  const view = { lastRunAt: at('18T11:55:02') }
  expect(readiness(seen({ orders: ORDERS }, null, view), settings)).toEqual({
    ok: false,
    message: 'no run of all tables has been published yet',
  })
  const fresh = readiness(seen({ orders: ORDERS }, at('18T03:00:00'), view), settings)
  expect(fresh).toEqual({ ok: true, message: 'fresh: last good run 2026-02-18T03:00:01.000Z' })
  const off = { ...settings, schedules: { ...settings.schedules, run: null } }
  expect(readiness(seen({ orders: ORDERS }, null, view), off)).toEqual({
    ok: true,
    message: 'fresh: last good run 2026-02-18T11:55:02.000Z',
  })
})

test('run of some tables that takes longer than its schedule: times are skipped', () => {
  const begun = at('18T11:00:00')
  const state = afterJob(startState(settings, START), settings, JOB, ended('success', begun), at('18T11:12:00'))
  expect(state.due[JOB]).toEqual(at('18T11:15:00'))
  expect(skippedTimes(settings, JOB, begun, at('18T11:12:00'))).toBe(2)
  expect(skippedTimes(settings, JOB, begun, at('18T11:04:00'))).toBe(0)
  expect(skippedTimes(settings, 'run', at('10T03:00:00'), START)).toBe(0)
  expect(skippedTimes(settings, JOB, new Date('2020-01-01'), START)).toBe(1000)
})

test('retries: of each job on its own, ended by its next scheduled time', () => {
  let state = startState(settings, START)
  const fail = (job: 'run' | typeof JOB, begun: Date) => {
    state = afterJob(state, settings, job, ended('failed', begun), new Date(begun.getTime() + 1000))
  }
  fail('run', START)
  fail(JOB, START)
  expect(state).toMatchObject({ due: { run: at('18T12:01:01'), [JOB]: at('18T12:01:01') } })
  fail(JOB, at('18T12:01:01'))
  expect(state).toMatchObject({ due: { [JOB]: at('18T12:03:02') }, jobs: { run: { retry: 1 }, [JOB]: { retry: 2 } } })
  fail(JOB, at('18T12:03:02'))
  expect(state).toMatchObject({ due: { [JOB]: at('18T12:05:00') }, jobs: { run: { retry: 1 }, [JOB]: { retry: 0 } } })
  fail('run', at('18T12:01:01'))
  expect(state).toMatchObject({ due: { run: at('18T12:03:02') }, jobs: { run: { retry: 2 } } })
  const locked = afterJob(state, settings, JOB, ended('locked', at('18T12:05:00')), at('18T12:05:01'))
  expect(locked).toMatchObject({ due: { [JOB]: at('18T12:05:31') }, jobs: { [JOB]: { failures: 3 } } })
})

test('alerts: named by the schedule; those of the run of all tables are its own', () => {
  const lineOf = ({ kind, title }: Alert) => `${kind}: ${title}`
  let state = seen({ orders: { ...ORDERS, startedAt: at('18T03:00:00') } }, at('18T03:00:00'))
  const alerts: string[][] = []
  const end = (result: OutcomeResult, minute: number, view = state.view) => {
    const before = state
    const now = new Date(START.getTime() + minute * 60_000)
    const done = afterJob(before, settings, JOB, ended(result, now), now)
    const looked = afterLook({ ...done, view }, settings, now)
    const told = afterJobAlerts(before, looked, settings, JOB, ended(result, now), now)
    alerts.push([...afterLookAlerts(done, looked, settings), ...told.alerts].map(lineOf))
    state = told.state
  }
  for (let failure = 0; failure < 7; failure += 1) end('failed', failure)
  end('success', 8)
  expect(alerts.slice(0, 5).flat()).toEqual([])
  expect(alerts[5]).toEqual(['failed: The run of orders, items failed; the warehouse is unchanged'])
  expect(alerts.slice(6)).toEqual([[], ['recovered: Runs of orders, items succeed again']])
  end('config_error', 9)
  const newer = viewOf({ orders: { ...ORDERS, startedAt: at('18T12:09:30') } }, { ofAll: state.view?.ofAll })
  const mended = afterLook({ ...state, view: newer }, settings, at('18T12:10:00'))
  expect(afterLookAlerts(state, mended, settings).map(lineOf)).toEqual([
    'recovered: Runs of orders, items succeed again',
  ])
})

test('alerts: tables that the first run of all adds to those of a run of some are expected', () => {
  const some = seen({ orders: { ...ORDERS, rows: 1000 } }, null, { runId: 'some' })
  const all = seen({ orders: { ...ORDERS, rows: 1000 }, added: {} }, START, { runId: 'all' })
  expect(afterLookAlerts(some, { ...all, staleSince: null }, settings)).toEqual([])
  const more = seen({ orders: { ...ORDERS, rows: 10 }, added: {}, later: {} }, START, { runId: 'more' })
  expect(afterLookAlerts(all, more, settings)[0]?.lines).toEqual([
    'later: new, 1000 rows',
    'orders: 10 rows, it had 1000 (-99 %)',
  ])
})

test('metrics: the job of some tables with the name of its schedule; the last success is of all tables', () => {
  const state = seen({ orders: ORDERS }, at('18T03:00:00'), { lastRunAt: START, durationMs: 5 })
  const done = afterJob(state, settings, JOB, ended('success', START), at('18T12:00:30'))
  const text = renderMetrics(done, settings, '1.2.3', 5e7)
  const labels = 'job="tables",schedule="orders, items"'
  expect(text).toContain(`dwh_job_outcomes_total{${labels},outcome="success"} 1\n`)
  expect(text).toContain('dwh_job_outcomes_total{job="run",outcome="success"} 0\n')
  expect(text).toContain(`dwh_job_next_timestamp_seconds{${labels}} ${at('18T12:05:00').getTime() / 1000}\n`)
  expect(text).toContain(`dwh_last_success_timestamp_seconds ${at('18T03:00:01').getTime() / 1000}\n`)
  expect(text).toContain('dwh_last_success_duration_seconds 1\n')
  const none = renderMetrics(seen({ orders: ORDERS }, null), settings, '1.2.3', 5e7)
  expect(none).not.toContain('dwh_last_success_timestamp_seconds')
})

test('foreign keys: said once, and again when they change', () => {
  const note = (found: string) => ({
    notes: [
      { id: 'foreign_keys', found, fix: 'Add it.' },
      { id: 'other', found },
    ],
  })
  const said = newForeignKeys(null, ended('success', START, note('a refers to b')))
  expect(said).toBe('a refers to b. Add it.')
  expect(newForeignKeys(said, ended('partial', START, note('a refers to b')))).toBeNull()
  expect(newForeignKeys(said, ended('success', START, note('a refers to c')))).toBe('a refers to c. Add it.')
  expect(newForeignKeys(said, ended('success', START, { notes: [] }))).toBeNull()
  expect(newForeignKeys(null, ended('success', START, {}))).toBeNull()
  expect(newForeignKeys(null, ended('failed', START))).toBeNull()
})
