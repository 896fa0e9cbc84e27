import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '@dwh/config'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { jobLabels, jobsOf, jobTitle, type SchedulerSettings, schedulerSettings } from './settings.ts'

async function settingsOf(env: Record<string, string>) {
  return schedulerSettings(await loadConfig({}, { env, cwd: '/nowhere', home: '/nowhere', tmp: '/tmp' }))
}

test('no settings: defaults', async () => {
  const { schedules, ...rest } = await settingsOf({})
  expect(schedules).toMatchObject({
    run: { expression: '0 3 * * *' },
    prune: null,
    verify: { expression: '0 5 * * 0' },
  })
  expect(rest).toEqual({
    timeZone: 'UTC',
    tables: {},
    runOnStart: false,
    catchUp: true,
    deadlineMs: 43_200_000,
    isRetentionSet: false,
    retries: 5,
    retryDelayMs: 60_000,
    staleAfterMs: 10_800_000,
    verifySample: 0.05,
    rowChange: 0.5,
    webhook: null,
    listen: { host: '127.0.0.1', port: 8080 },
  })
})

test('time zone: of the warehouse, unless the schedule sets its own', async () => {
  const noon = new Date('2026-02-18T12:00Z')
  const nextOf = async (env: Record<string, string>) => (await settingsOf(env)).schedules.run?.next(noon).toISOString()
  expect(await nextOf({ DWH_TIMEZONE: 'Asia/Tokyo' })).toBe('2026-02-18T18:00:00.000Z')
  expect(await nextOf({ DWH_TIMEZONE: 'Asia/Tokyo', DWH_SCHEDULE_TIMEZONE: 'UTC' })).toBe('2026-02-19T03:00:00.000Z')
})

async function settingsIn(schedule: object): Promise<SchedulerSettings> {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'dwh.json'), JSON.stringify({ schedule }))
  return schedulerSettings(await loadConfig({}, { env: {}, cwd: folder, home: folder, tmp: folder }))
}

test('runs of some tables: jobs after that of all tables, in order', async () => {
  const settings = await settingsIn({
    timezone: 'Europe/Zurich',
    deadline: '1h',
    tables: [
      { run: '30 2 * * *', tables: ['orders', '-x'], deadline: '4m' },
      { run: 'off', tables: ['b*'], name: 'later' },
    ],
  })
  expect(jobsOf(settings)).toEqual(['run', 'tables 1', 'tables 2', 'prune', 'verify'])
  expect(settings.tables).toEqual({
    'tables 1': { name: 'orders, -x', patterns: ['orders', '-x'], deadlineMs: 240_000 },
    'tables 2': { name: 'later', patterns: ['b*'], deadlineMs: 3_600_000 },
  })
  expect(settings.schedules['tables 2']).toBeNull()
  // 02:30 does not exist on this day
  const next = settings.schedules['tables 1']?.next(new Date('2026-03-28T12:00Z'))
  expect(next?.toISOString()).toBe('2026-03-29T01:00:00.000Z')
  expect(jobTitle('tables 1', settings)).toBe('run of orders, -x')
  expect(jobLabels('tables 2', settings)).toEqual({ job: 'tables', schedule: 'later' })
  expect(jobLabels('prune', settings)).toEqual({ job: 'prune' })
})

test.each([
  [{ run: 'sometimes', tables: ['orders'] }, 'schedule.tables: orders: run "sometimes": 1 fields'],
  [{ run: '0 0 31 2 *', tables: ['orders'], name: 'never' }, 'schedule.tables: never: run "0 0 31 2 *": never happens'],
  [{ run: '@hourly', tables: ['orders'], deadline: '1000h' }, 'schedule.tables: orders: deadline: expected a value'],
  [{ run: '@hourly' }, 'schedule.tables: entry 1: no tables'],
])('schedule.tables: %j: refused', async (entry, message) => {
  await expect(settingsIn({ tables: [entry] })).rejects.toThrow(message)
})

test('prune schedule: only if a setting says which days to keep', async () => {
  expect((await settingsOf({ DWH_KEEP_DAILY: '14' })).schedules.prune?.expression).toBe('0 4 * * *')
  expect((await settingsOf({ DWH_KEEP_DAILY: '14', DWH_PRUNE_SCHEDULE: 'off' })).schedules.prune).toBeNull()
})

test.each([
  ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
  ['[::1]:9000', { host: '::1', port: 9000 }],
  ['localhost:9000', { host: 'localhost', port: 9000 }],
  [':9000', { host: null, port: 9000 }],
  ['9000', { host: null, port: 9000 }],
  ['off', null],
])('listen on %s', async (text, expected) => {
  expect((await settingsOf({ DWH_LISTEN: text })).listen).toEqual(expected)
})

test.each(['', 'off'])('webhook %j: no webhook', async (webhook) => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'dwh.json'), JSON.stringify({ schedule: { webhook } }))
  const config = await loadConfig({}, { env: {}, cwd: folder, home: folder, tmp: folder })
  expect(schedulerSettings(config).webhook).toBeNull()
})

test.each([
  [{ DWH_SCHEDULE: 'daily' }, 'schedule.run "daily": '],
  [{ DWH_VERIFY_SCHEDULE: '* *' }, 'schedule.verify "* *": '],
  [{ DWH_SCHEDULE_TIMEZONE: 'Mars/Base' }, 'Mars/Base'],
  [{ RUN_ON_START: 'maybe' }, 'RUN_ON_START: expected true or false'],
  [{ DWH_RETRIES: '-1' }, 'DWH_RETRIES: expected a number'],
  [{ DWH_DEADLINE: '12' }, 'DWH_DEADLINE: expected a duration'],
  [{ DWH_DEADLINE: '1000h' }, 'schedule.deadline: expected a value between 0s (no limit) and 576h'],
  [{ DWH_SCHEDULE: '2027-01-01T03:00:00' }, 'schedule.run "2027-01-01T03:00:00": 1 fields'],
  [{ DWH_SCHEDULE_TIMEZONE: '+02:00' }, 'time zone "+02:00": not known'],
  [{ DWH_ROW_CHANGE: 'much' }, 'DWH_ROW_CHANGE: expected a share'],
  [{ DWH_VERIFY_SAMPLE: '200%' }, 'schedule.verify_sample: expected a value between 0.01% and 100%'],
  [{ DWH_VERIFY_SAMPLE: '0.00001%' }, 'schedule.verify_sample: expected a value between'],
  [{ DWH_ROW_CHANGE: '50' }, 'schedule.row_change: expected a value between 0% and 1000%'],
  [{ DWH_STALE_AFTER: '0s' }, 'schedule.stale_after: expected a value between'],
  [{ DWH_STALE_AFTER: '9999999999h' }, 'schedule.stale_after: expected a value between'],
  [{ DWH_RETRY_DELAY: '0s' }, 'schedule.retry_delay: expected a value between'],
  [{ DWH_LISTEN: 'here' }, 'schedule.listen "here": not an address'],
  [{ DWH_LISTEN: '127.0.0.1:99999' }, 'not an address'],
  [{ DWH_WEBHOOK_URL: 'hooks.slack.com/secret' }, 'schedule.webhook: not a valid http or https URL'],
])('%j: refused', async (env, message) => {
  await expect(settingsOf(env)).rejects.toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
      hint: expect.any(String),
    }),
  )
  await expect(settingsOf(env)).rejects.not.toThrow('secret')
})
