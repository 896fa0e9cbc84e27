import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { runDwh } from './run-dwh.ts'

const options = { clock: () => new Date(), signal: new AbortController().signal, deadlineMs: 60_000, onLine: () => {} }

async function status(env: Record<string, string>) {
  const folder = await temporaryFolder()
  const base = { PATH: process.env.PATH, HOME: folder, DWH_STORAGE: join(folder, 'warehouse') }
  return runDwh(['status'], { ...options, env: { ...base, ...env } })
}

test('command succeeds: its JSON output is the answer', async () => {
  expect(await status({})).toMatchObject({
    result: 'success',
    answer: { status: 'none', remembered_at: null },
    error: null,
  })
})

test('wrong settings: config_error with message and hint', async () => {
  expect(await status({ DWH_PARALLEL: 'many' })).toMatchObject({
    result: 'config_error',
    error: { message: expect.stringContaining('DWH_PARALLEL'), hint: expect.any(String) },
  })
})

test('stdout is not JSON: failed', async () => {
  const folder = await temporaryFolder()
  const agent = join(folder, 'agent.cjs')
  await writeFile(agent, "console.log('agent is at work')")
  expect(await status({ NODE_OPTIONS: `--require=${agent}` })).toMatchObject({
    result: 'failed',
    answer: null,
    error: { message: 'the output of dwh is not JSON' },
  })
})

test('process cannot be started: failed', async () => {
  const huge = 'x'.repeat(4 * 2 ** 20)
  expect(await status({ HUGE: huge })).toMatchObject({
    result: 'failed',
    error: { message: expect.stringContaining('E2BIG') },
  })
})
