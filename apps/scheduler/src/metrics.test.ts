import { expect, test } from 'vitest'
import { startState } from './decide.ts'
import { renderMetrics } from './metrics.ts'
import { historyOf } from './state.ts'
import { SETTINGS, viewOf } from './view.test-support.ts'

const START = new Date('2026-02-18T12:00Z')

/** The part of https://prometheus.io/docs/instrumenting/exposition_formats that the scheduler uses. */
const SAMPLE = /^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?[0-9.e+]+)$/i

function samples(text: string): Record<string, string> {
  expect(text.endsWith('\n')).toBe(true)
  const types = new Map<string, string>()
  const found: Record<string, string> = {}
  for (const line of text.trimEnd().split('\n')) {
    const [, named, type] = /^# TYPE (\S+) (gauge|counter)$/.exec(line) ?? []
    if (named && type) types.set(named, type)
    if (line.startsWith('#')) continue
    const [, name, labels, value] = SAMPLE.exec(line) ?? expect.unreachable(line)
    // the samples of a name directly follow its type
    expect([...types.keys()].at(-1), line).toBe(name)
    found[`${name}${labels ? `{${labels}}` : ''}`] = value as string
  }
  return found
}

test('start: unknown values are left out', () => {
  const found = samples(renderMetrics(startState(SETTINGS, START), SETTINGS, '1.2.3', 5e7))
  expect(found).toMatchObject({
    'dwh_info{version="1.2.3"}': '1',
    dwh_warehouse_readable: '0',
    'dwh_job_outcomes_total{job="run",outcome="failed"}': '0',
    'dwh_job_next_timestamp_seconds{job="run"}': String(START.getTime() / 1000),
    process_resident_memory_bytes: '50000000',
  })
  expect(Object.keys(found).filter((name) => /last_success|table|problems/.test(name))).toEqual([])
})

test('warehouse: metrics for tables with any name', () => {
  const view = viewOf(
    { orders: { rows: 115, bytes: 3640 }, 'a"b\\c\nd': { rows: 1 } },
    { failedTables: { orders: { message: 'why', startedAt: START } } },
  )
  const state = {
    ...startState(SETTINGS, START),
    view,
    seen: true,
    staleSince: START,
    running: 'verify' as const,
  }
  const found = samples(renderMetrics(state, SETTINGS, '1.2.3', 5e7))
  expect(found).toMatchObject({
    'dwh_table_rows{table="orders"}': '115',
    'dwh_table_bytes{table="orders"}': '3640',
    'dwh_table_rows{table="a\\"b\\\\c\\nd"}': '1',
    'dwh_table_shows_previous{table="orders"}': '1',
    dwh_last_success_timestamp_seconds: String(Date.parse('2026-02-18T03:00:12Z') / 1000),
    dwh_last_success_duration_seconds: '12',
    dwh_warehouse_stale: '1',
    dwh_warehouse_days: '1',
    dwh_warehouse_objects: '4',
    dwh_warehouse_bytes: '6000',
    'dwh_job_running{job="verify"}': '1',
  })
})

test('verify: every kind has a value after the first verify', () => {
  const state = startState(SETTINGS, START)
  const verify = { ...historyOf(state, 'verify'), problems: { missing: 2 } }
  const found = samples(renderMetrics({ ...state, jobs: { ...state.jobs, verify } }, SETTINGS, '1.2.3', 5e7))
  expect(found).toMatchObject({
    'dwh_verify_problems{kind="missing"}': '2',
    'dwh_verify_problems{kind="damaged"}': '0',
  })
})
