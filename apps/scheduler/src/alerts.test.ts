import { expect, test } from 'vitest'
import { type Alert, afterJobAlerts, afterLookAlerts } from './alerts.ts'
import { afterJob, afterLook, startState } from './decide.ts'
import type { Outcome } from './outcome.ts'
import type { Job } from './settings.ts'
import { historyOf, type SchedulerState } from './state.ts'
import { SETTINGS, viewOf } from './view.test-support.ts'
import type { WarehouseView } from './warehouse-view.ts'

const NOON = new Date('2026-02-18T12:00Z')
const settings = { ...SETTINGS, retries: 2 }

function outcome(result: Outcome['result'], answer: unknown = null): Outcome {
  const error = result === 'success' ? null : { message: 'db:5432 refuses connections', hint: 'Start it.' }
  return { result, answer, error, startedAt: NOON, durationMs: 1000 }
}

/** Settings without a schedule for runs: nothing is ever stale. */
const never = { ...settings, schedules: { ...settings.schedules, run: null } }

/** Ends jobs in turn, by default an hour apart, reading the warehouse after each; returns the alerts after each. */
function said(
  jobs: readonly [Outcome, view?: WarehouseView | undefined, hours?: number][],
  first: Partial<SchedulerState> = {},
  job: Job = 'run',
): string[][] {
  let state: SchedulerState = { ...startState(settings, NOON), view: viewOf({ orders: {} }), seen: true, ...first }
  let now = NOON
  return jobs.map(([ended, view, hours = 1]) => {
    now = new Date(now.getTime() + hours * 3_600_000)
    const before = state
    const done = afterJob(state, settings, job, ended, now)
    const looked = afterLook({ ...done, view: view ?? done.view }, never, now)
    const told = afterJobAlerts(before, looked, settings, job, ended, now)
    state = told.state
    return [...afterLookAlerts(done, looked, settings), ...told.alerts].map(lineOf)
  })
}

const lineOf = ({ kind, title, lines }: Alert) => `${kind}: ${title}: ${lines.join(' | ')}`

test('run fails: alert after the last retry, another when it succeeds again', () => {
  const [first, second, third, fourth, again] = said([
    [outcome('failed')],
    [outcome('failed')],
    [outcome('failed')],
    [outcome('failed')],
    [outcome('success')],
  ])
  expect([first, second, fourth]).toEqual([[], [], []])
  expect(third).toEqual([
    'failed: The run failed; the warehouse is unchanged: db:5432 refuses connections | Start it. | Tried 3 times since 2026-02-18T13:00:00.000Z.',
  ])
  expect(again).toEqual([
    'recovered: Runs succeed again: It was failing since 2026-02-18T13:00:00.000Z. | Warehouse: /srv/warehouse',
  ])
})

test('run succeeds on a retry: no alert', () => {
  expect(
    said([[outcome('failed')], [outcome('failed')], [outcome('success')], [outcome('failed')], [outcome('success')]]),
  ).toEqual([[], [], [], [], []])
})

test('wrong settings: alert at once, repeated once a day', () => {
  const days = said([
    [outcome('config_error')],
    [outcome('config_error'), undefined, 22],
    [outcome('config_error'), undefined, 1.9],
    [outcome('config_error'), undefined, 23.99],
  ])
  expect(days.map((alerts) => alerts.length)).toEqual([1, 0, 1, 1])
  // 23 hours: on the day when the clocks go forward, a daily job runs an hour early
  const short = said([[outcome('config_error')], [outcome('config_error'), undefined, 23]])
  expect(short.map((alerts) => alerts.length)).toEqual([1, 1])
})

test('run is locked or stopped: no alert, and the failure is remembered', () => {
  const all = said([[outcome('config_error')], [outcome('locked')], [outcome('stopped')], [outcome('success')]])
  expect(all.map((alerts) => alerts.length)).toEqual([1, 0, 0, 1])
})

test('scheduler restarted after a failure: etl.json says that the last run failed', () => {
  expect(said([[outcome('failed')], [outcome('success')], [outcome('success')]], { failedBefore: true })).toEqual([
    [],
    ['recovered: Runs succeed again: It was failing since 2026-02-18T13:00:00.000Z. | Warehouse: /srv/warehouse'],
    [],
  ])
  expect(said([[outcome('success')]])).toEqual([[]])
})

test('verify: damage found, then none: failed and recovered', () => {
  const problems = [{ kind: 'damaged', message: 'orders/2026/02/17.parquet: SHA-256 …' }]
  expect(said([[outcome('damaged', { problems })], [outcome('success')]], {}, 'verify')).toEqual([
    [expect.stringMatching(/^failed: dwh verify found damage in the warehouse: 1 damaged files or records: orders/)],
    [expect.stringMatching(/^recovered: dwh verify finds no problems any more: It was failing since/)],
  ])
})

test('partial run: one alert a day for the same tables', () => {
  const view = viewOf({ orders: {} }, { failedTables: { orders: { message: 'permission denied', startedAt: NOON } } })
  const others = viewOf({ orders: {} }, { failedTables: { events: { message: 'no', startedAt: NOON } } })
  const line =
    'partial: Published, but some tables failed and still show the previous version: orders: permission denied'
  // one alert a day for the same tables
  expect(
    said([
      [outcome('partial'), view],
      [outcome('partial'), view],
      [outcome('partial'), view, 22],
      [outcome('partial'), others],
      [outcome('success'), viewOf({ orders: {} })],
      [outcome('partial'), view],
    ]),
  ).toEqual([[line], [], [line], [expect.stringContaining('events: no')], [], [line]])
})

test('a renewed proof failed: one alert that names the table', () => {
  const reason = { id: 'proof-failed', text: 'no change was seen, but its file differs from the source: 3 rows' }
  const read = { status: 'written', rows: 3, bytes: 9, duration_ms: 1 }
  const tables = {
    orders: { ...read, reason },
    events: { ...read, reason: { id: 'rows-changed', text: '1 row deleted' } },
  }
  expect(said([[outcome('success', { tables })], [outcome('success', { tables: { orders: read } })]])).toEqual([
    [expect.stringMatching(/^proof-failed: Rows changed .*: orders: no change was seen, .*detection\.md/)],
    [],
  ])
})

test('rows and columns change unexpectedly: one line for each change', () => {
  const before = viewOf({
    small: { rows: 40 },
    steady: { rows: 1000 },
    halved: { rows: 1000 },
    emptied: { rows: 3 },
    constructor: { rows: 5 },
    grown: { rows: 0 },
    gone: {},
    altered: { columns: { id: 'INTEGER not null', name: 'VARCHAR', old: 'DATE' } },
  })
  const after = viewOf(
    {
      small: { rows: 120 },
      steady: { rows: 1500 },
      halved: { rows: 499 },
      emptied: { rows: 0 },
      grown: { rows: 100 },
      added: { rows: 7 },
      altered: { columns: { id: 'BIGINT not null', name: 'VARCHAR', born: 'DATE', toString: 'DATE' } },
      valueOf: { rows: 1 },
    },
    { runId: 'another' },
  )
  const [[alert] = []] = said([[outcome('success'), after]], { view: before })
  expect(alert?.replace('changed: Tables changed unexpectedly: ', '').split(' | ')).toEqual([
    'added: new, 7 rows',
    'altered: column id changed from INTEGER not null to BIGINT not null',
    'altered: column old was removed',
    'altered: new column born DATE',
    'altered: new column toString DATE',
    'constructor: no longer current; its history stays',
    'emptied: empty (it had 3 rows)',
    'gone: no longer current; its history stays',
    'grown: 100 rows, it had 0',
    'halved: 499 rows, it had 1000 (-50 %)',
    'valueOf: new, 1 rows',
  ])
})

test('first run: no alert about new tables', () => {
  expect(said([[outcome('success'), viewOf({ orders: {} })]], { view: viewOf({}) })).toEqual([[]])
  expect(said([[outcome('success'), viewOf({ orders: {} })]], { view: null, seen: false })).toEqual([[]])
  // a run that was already seen causes no more alerts
  expect(said([[outcome('success'), viewOf({ orders: { rows: 1 } })]])).toEqual([[]])
})

test('stale warehouse: one stale alert, then one fresh alert', () => {
  const state = {
    ...startState(settings, NOON),
    seen: true,
    view: viewOf({ orders: { startedAt: new Date('2026-02-16T03:00Z') } }),
  }
  const stale = afterLook(state, settings, NOON)
  expect(afterLookAlerts(state, stale, settings).map(lineOf)).toEqual([
    'stale: The warehouse is stale: Its last good run was committed at 2026-02-18T03:00:12.000Z. | Warehouse: /srv/warehouse',
  ])
  expect(afterLookAlerts(stale, afterLook(stale, settings, NOON), settings)).toEqual([])
  const fresh = afterLook({ ...stale, view: viewOf({ orders: { startedAt: NOON } }) }, settings, NOON)
  expect(afterLookAlerts(stale, fresh, settings).map(lineOf)).toEqual([
    'fresh: The warehouse is up to date again: Warehouse: /srv/warehouse',
  ])
})

test('failed run made by another scheduler: recovered alert, and the failure is cleared', () => {
  const failing = { since: NOON, message: 'why', alertedAt: NOON }
  const state = startState(settings, NOON)
  const told = {
    ...state,
    seen: true,
    jobs: { ...state.jobs, run: { ...historyOf(state, 'run'), failures: 3, failing } },
  }
  const view = (startedAt: string) => viewOf({ orders: { startedAt: new Date(startedAt) } })
  const before = afterLook({ ...told, view: view('2026-02-18T11:59Z') }, settings, NOON)
  expect(before.jobs.run).toMatchObject({ failures: 3, failing })
  const after = afterLook({ ...before, view: view('2026-02-18T12:01Z') }, settings, NOON)
  expect(after.jobs.run).toMatchObject({ failures: 0, failing: null })
  expect(afterLookAlerts(before, after, settings).map(lineOf)).toEqual([
    'recovered: Runs succeed again: It was failing since 2026-02-18T12:00:00.000Z. | Warehouse: /srv/warehouse',
  ])
})
