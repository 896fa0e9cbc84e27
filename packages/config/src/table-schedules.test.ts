import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { type Config, configOf, loadConfig } from './load-config.ts'
import { tableSchedules } from './table-schedules.ts'

async function loaded(yaml: string, env: Record<string, string> = {}): Promise<Config> {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'dwh.yaml'), yaml)
  return loadConfig({}, { env, cwd, home: cwd, tmp: cwd })
}

const schedulesOf = async (yaml: string) => tableSchedules((await loaded(yaml)).schedule)

test('schedule.tables: entries in order, with their names and deadlines', async () => {
  const schedules = await schedulesOf(`schedule:
  tables:
    - run: "*/5 * * * *"
      tables: [orders, order_items]
    - { run: off, name: night, tables: [a, b, c, d, e, f, "billing.*"], deadline: 4m }
    - { run: "@hourly", tables: [a, b, c, d, e, f, g] }`)
  expect(schedules).toEqual([
    { name: 'orders, order_items', run: '*/5 * * * *', tables: ['orders', 'order_items'] },
    { name: 'night', run: 'off', tables: ['a', 'b', 'c', 'd', 'e', 'f', 'billing.*'], deadlineMs: 240_000 },
    { name: 'a, b, c, d, e and 2 more', run: '@hourly', tables: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
  ])
  expect(tableSchedules({})).toEqual([])
  const given = { schedule: { tables: [{ run: '@hourly', tables: ['orders'], deadline: '1m' }] } }
  const config = await configOf(given, { env: {}, cwd: '/', home: '/', tmp: '/' })
  expect(tableSchedules(config.schedule)).toMatchObject([{ name: 'orders', deadlineMs: 60_000 }])
})

test.each([
  ['{ run: "@hourly" }', 'entry 1: no tables', 'Write for each entry'],
  ['{ run: "@hourly", tables: [] }', 'entry 1: no tables', 'Write for each entry'],
  ['{ run: "@hourly", tables: [""] }', 'entry 1: no tables', 'Write for each entry'],
  ['{ tables: [orders] }', 'entry 1 (orders): no run', 'Write for each entry'],
  ['{ run: a, tables: [o] }, { run: b, tables: [o] }', 'two entries are called o', 'Give one of them a name'],
  ['{ runn: "@hourly", tables: [orders] }', 'dwh.yaml:2: unknown key "runn"', 'Did you mean run?'],
  ['{ run: "@hourly", table: [orders] }', 'dwh.yaml:2: unknown key "table"', 'Did you mean tables?'],
  ['{ run: "@hourly", tables: orders }', 'tables: expected a list', 'Write it in brackets: tables: [first, second]'],
  ['{ run: "@hourly", tables: [orders], deadline: "5" }', 'deadline: expected a duration', 'docs/configuration.md'],
  ['orders', 'schedule.tables.0: expected keys with values', 'Known here: run, tables, name, deadline.'],
])('schedule.tables: [%s]: refused', async (entries, message, hint) => {
  await expect(schedulesOf(`schedule:\n  tables: [${entries}]`)).rejects.toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  )
})

test('schedule.tables that is not a list: refused, with what to write', async () => {
  await expect(schedulesOf('schedule: { tables: { orders: "@hourly" } }')).rejects.toThrow(
    expect.objectContaining({ hint: 'Write a list, each entry after a dash, with: run, tables, name, deadline.' }),
  )
})

test('schedule.tables with a variable that is not set: an error only for who reads the schedules', async () => {
  const variable = (name: string) => `"$\{${name}}"`
  const every = `schedule: { tables: [{ run: ${variable('EVERY')}, tables: [orders] }] }`
  const more = `schedule: { tables: [{ run: "@hourly", tables: [orders, ${variable('MORE')}] }] }`
  for (const yaml of [every, more]) {
    const config = await loaded(yaml)
    expect(config.timezone).toBe('UTC')
    expect(() => config.schedule).toThrow(/is not set/)
  }
  const config = await loaded(every, { EVERY: '@hourly' })
  expect(tableSchedules(config.schedule)).toMatchObject([{ run: '@hourly' }])
})

test('schedule.tables with a password: refused without it', async () => {
  await expect(schedulesOf('schedule: { tables: [{ run: a, tables: ["postgres://a:b@c/d"] }] }')).rejects.toThrow(
    /contains a password/,
  )
})
