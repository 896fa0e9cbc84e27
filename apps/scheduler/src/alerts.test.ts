import { expect, test } from 'vitest'
import { type Alert, afterJobAlerts, afterLookAlerts } from './alerts.ts'
import { afterJob, afterLook, startState } from './decide.ts'
import type { Outcome } from './outcome.ts'
import type { Job } from './settings.ts'
import type { SchedulerState } from './state.ts'
import { SETTINGS, viewOf } from './view.test-support.ts'
import type { WarehouseView } from './warehouse-view.ts'

const NOON = new Date('2026-02-18T12:00Z')
const settings = { ...SETTINGS, retries: 2 }

function outcome(result: Outcome['result'], answer: unknown = null): Outcome {
  const error = result === 'success' ? null : { message: 'db:5432 refuses connections', hint: 'Start it.' }
  return { result, answer, error, startedAt: NOON, durationMs: 1000 }
}

/** Nothing is ever stale. */
const never = { ...settings, schedules: { ...settings.schedules, run: null } }

/** Ends jobs one after the other, an hour apart unless said otherwise, and looks; gives what was said after each. */
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

test('a run that fails is said once its retries are over, and that it succeeds again', () => {
  const [first, second, third, fourth, again] = said([
    [outcome('failed')],
    [outcome('failed')],
    [outcome('failed')],
    [outcome('failed')],
    [outcome('success')],
  ])
  expect([first, second, fourth]).toEqual([[], [], []])
  expect(third).toEqual([
    'failed: The run failed: the warehouse stays as it was: db:5432 refuses connections | Start it. | Tried 3 times since 2026-02-18T13:00:00.000Z.',
  ])
  expect(again).toEqual([
    'recovered: Runs succeed again: It had failed since 2026-02-18T13:00:00.000Z. | Warehouse: /srv/warehouse',
  ])
})

test('what succeeds before its retries are over is nothing to talk about', () => {
  expect(
    said([[outcome('failed')], [outcome('failed')], [outcome('success')], [outcome('failed')], [outcome('success')]]),
  ).toEqual([[], [], [], [], []])
})

test('wrong settings are said at once; whatever lasts, once a day', () => {
  const days = said([
    [outcome('config_error')],
    [outcome('config_error'), undefined, 22],
    [outcome('config_error'), undefined, 1.9],
    [outcome('config_error'), undefined, 23.99],
  ])
  expect(days.map((alerts) => alerts.length)).toEqual([1, 0, 1, 1])
  // to the hour: a job of every day is an hour early on the day on which the clocks go forward
  const short = said([[outcome('config_error')], [outcome('config_error'), undefined, 23]])
  expect(short.map((alerts) => alerts.length)).toEqual([1, 1])
})

test('it is busy or stops: nothing to say, and nothing is forgotten', () => {
  const all = said([[outcome('config_error')], [outcome('locked')], [outcome('stopped')], [outcome('success')]])
  expect(all.map((alerts) => alerts.length)).toEqual([1, 0, 0, 1])
})

test('restarted after a failure: etl.json knows that the last run failed', () => {
  expect(said([[outcome('failed')], [outcome('success')], [outcome('success')]], { failedBefore: true })).toEqual([
    [],
    ['recovered: Runs succeed again: It had failed since 2026-02-18T13:00:00.000Z. | Warehouse: /srv/warehouse'],
    [],
  ])
  expect(said([[outcome('success')]])).toEqual([[]])
})

test('verify finds damage, and later none', () => {
  const problems = [{ kind: 'damaged', message: 'orders/2026/02/17.parquet: SHA-256 …' }]
  expect(said([[outcome('damaged', { problems })], [outcome('success')]], {}, 'verify')).toEqual([
    [expect.stringMatching(/^failed: dwh verify found damage in the warehouse: 1 of its files or records: orders/)],
    [expect.stringMatching(/^recovered: The warehouse is whole: It had failed since/)],
  ])
})

test('some tables are kept from before', () => {
  const view = viewOf({ orders: {} }, { failedTables: { orders: { message: 'permission denied', startedAt: NOON } } })
  const others = viewOf({ orders: {} }, { failedTables: { events: { message: 'no', startedAt: NOON } } })
  const line = 'partial: Published, but some tables are kept from before: orders: permission denied'
  // the same ones once a day
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

test('rows and columns out of line', () => {
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
  expect(alert?.replace('changed: Tables are not as they were: ', '').split(' | ')).toEqual([
    'added: new, 7 rows',
    'altered: column id is BIGINT not null, it was INTEGER not null',
    'altered: column old is gone',
    'altered: new column born DATE',
    'altered: new column toString DATE',
    'constructor: gone from the current tables, its history stays',
    'emptied: empty, it had 3 rows',
    'gone: gone from the current tables, its history stays',
    'grown: 100 rows, it had 0',
    'halved: 499 rows, it had 1000 (-50 %)',
    'valueOf: new, 1 rows',
  ])
})

test('of a first run everything is new, which is nothing to say', () => {
  expect(said([[outcome('success'), viewOf({ orders: {} })]], { view: viewOf({}) })).toEqual([[]])
  expect(said([[outcome('success'), viewOf({ orders: {} })]], { view: null, seen: false })).toEqual([[]])
  // of a run that was seen already there is nothing more to say
  expect(said([[outcome('success'), viewOf({ orders: { rows: 1 } })]])).toEqual([[]])
})

test('stale is said once, and fresh once', () => {
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

test('somebody else makes the run that failed here: said, and forgotten', () => {
  const failing = { since: NOON, message: 'why', alertedAt: NOON }
  const state = startState(settings, NOON)
  const told = { ...state, seen: true, jobs: { ...state.jobs, run: { ...state.jobs.run, failures: 3, failing } } }
  const view = (startedAt: string) => viewOf({ orders: { startedAt: new Date(startedAt) } })
  const before = afterLook({ ...told, view: view('2026-02-18T11:59Z') }, settings, NOON)
  expect(before.jobs.run).toMatchObject({ failures: 3, failing })
  const after = afterLook({ ...before, view: view('2026-02-18T12:01Z') }, settings, NOON)
  expect(after.jobs.run).toMatchObject({ failures: 0, failing: null })
  expect(afterLookAlerts(before, after, settings).map(lineOf)).toEqual([
    'recovered: Runs succeed again: It had failed since 2026-02-18T12:00:00.000Z. | Warehouse: /srv/warehouse',
  ])
})
