import { temporaryFolder } from '@dwh/test-kit'
import { afterEach, expect, test, vi } from 'vitest'
import type { CommandContext } from '../command-context.ts'
import { runCommand } from './run.ts'

afterEach(() => void vi.useRealTimers())

test('wrong setting, in a terminal: error, and no progress timer keeps the program alive', async () => {
  const home = await temporaryFolder()
  vi.useFakeTimers()
  const context = {
    ...{ env: { DWH_PARALLEL: 'many' }, cwd: home, home, tmp: home, signal: new AbortController().signal },
    ...{ clock: () => new Date(), hide: () => {}, hidden: () => [] },
    stderr: { isTTY: true, columns: 80, write: () => true, on: () => {} },
  } as unknown as CommandContext
  await expect(runCommand(context).parseAsync([], { from: 'user' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  expect(vi.getTimerCount()).toBe(0)
})
