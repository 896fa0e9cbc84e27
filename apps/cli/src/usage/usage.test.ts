import { expect, test } from 'vitest'
import { workplace } from '../test-support.ts'
import { COMMANDS, OPTIONS_OF } from './wrong-turns.ts'

test.each<[string, string]>([
  ['rnu', 'Did you mean run?'],
  ['ls', '`dwh tables`'],
  ['sql', '`dwh query'],
  ['sync', '`dwh run`'],
  ['start', 'dwh-scheduler'],
  ['backup', 'docs/backup.md'],
  ['run --dry-run', '`dwh plan`'],
  ['run --dry', '`dwh plan`'],
  ['run --since 2026-01-01', '`where`'],
  ['run --table orders', 'Did you mean --tables?'],
  ['run orders billing.*', 'Did you mean dwh run --tables orders "billing.*"?'],
  ['plan orders', 'Did you mean dwh plan --tables orders?'],
  ['run postgres://me:s3cr3t-p4ss@db/app', 'DATABASE_URL'],
  ['query select 1', 'Put the SQL in quotes'],
  ['query report.sql', 'Did you mean dwh query --file report.sql?'],
  ['query --date 2026-01-01 x', '--as-of'],
  ['prune --older-than 3', '--keep-daily'],
  ['status orders', '`dwh tables`'],
  ['status --csv', '--json'],
  ['help setings', 'Did you mean "settings"?'],
  ['completion', 'See dwh completion --help.'],
])('dwh %s: exit code 2, and what was meant', async (line, hint) => {
  const { dwh } = await workplace()
  const finished = await dwh(line.split(' '))
  expect(finished).toMatchObject({ code: 2, stdout: '' })
  expect(finished.stderr).toMatch(/^error: .+\n( {2}.+\n)+$/)
  expect(finished.stderr).toContain(hint)
  expect(finished.stderr).not.toContain('s3cr3t-p4ss')
})

test('--json: wrong usage is an error like any other', async () => {
  const { dwh } = await workplace()
  expect(JSON.parse((await dwh(['run', '--dry-run', '--json'])).stderr).error).toMatchObject({ code: 'CONFIG_INVALID' })
})

test('hints: no command or option that exists', async () => {
  const { dwh } = await workplace()
  const { stdout } = await dwh(['completion', 'bash'])
  for (const command of Object.keys(COMMANDS)) expect(stdout).not.toMatch(new RegExp(`^    ${command}\\)`, 'm'))
  for (const [command, options] of Object.entries(OPTIONS_OF)) {
    const [, flags = ''] = new RegExp(`^    ${command}\\) words='([^']*)'`, 'm').exec(stdout) ?? []
    expect(flags).not.toBe('')
    for (const option of Object.keys(options)) expect(flags.split(' ')).not.toContain(option)
  }
})
