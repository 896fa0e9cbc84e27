import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { checkFreeSpace } from './free-space.ts'
import type { RunPlan, TablePlan } from './plan-run.ts'

const READ: TablePlan['step'] = { action: 'read', reason: null, state: null }

/** Returns a plan of tables with these previous sizes in bytes; null for a new table. */
const plan = (...bytes: (number | null)[]) =>
  ({ tables: bytes.map((previousBytes) => ({ previousBytes, step: READ }) as TablePlan) }) as unknown as RunPlan

test('less free space than the tables needed the last time: an error before anything is read', async () => {
  const folder = await temporaryFolder()
  await expect(checkFreeSpace(folder, plan(2 ** 60, 1, null))).rejects.toMatchObject({
    code: 'WRITE_FAILED',
    message: expect.stringMatching(/^\/.*: only \d+ MB free; these tables needed 1152921504607 MB last time$/),
    hint: expect.stringContaining('DWH_TMP'),
  })
})

test('tables that are not read need no space', async () => {
  const { tables } = plan(2 ** 60)
  const kept = tables.map((table) => ({ ...table, step: { action: 'keep' } }) as TablePlan)
  await checkFreeSpace(await temporaryFolder(), { tables: kept } as unknown as RunPlan)
})

test('enough free space, new tables: no error', async () => {
  await checkFreeSpace(await temporaryFolder(), plan(1024, null))
})
