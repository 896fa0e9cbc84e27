import { temporaryFolder } from '@dwh/test-kit'
import { afterEach, expect, test, vi } from 'vitest'
import type { World } from '../surroundings.ts'
import { runCommand } from './run.ts'

afterEach(() => void vi.useRealTimers())

test('a wrong setting, in a terminal: the error, and no timer of the progress that keeps the program alive', async () => {
  const home = await temporaryFolder()
  vi.useFakeTimers()
  const world = {
    ...{ env: { DWH_PARALLEL: 'many' }, cwd: home, home, tmp: home, signal: new AbortController().signal },
    ...{ clock: () => new Date(), hide: () => {}, hidden: () => [] },
    stderr: { isTTY: true, columns: 80, write: () => true, on: () => {} },
  } as unknown as World
  await expect(runCommand(world).parseAsync([], { from: 'user' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  expect(vi.getTimerCount()).toBe(0)
})
