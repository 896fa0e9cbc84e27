import { statfs } from 'node:fs/promises'
import { DwhError } from '@dwh/core'
import type { RunPlan } from './plan-run.ts'

/**
 * Checks, before anything is read, that a folder has enough space for the files of a run: the size that they had the
 * last time. New tables do not count, since their size is unknown.
 * @throws DwhError WRITE_FAILED
 */
export async function checkFreeSpace(folder: string, plan: RunPlan): Promise<void> {
  const read = plan.tables.filter(({ step }) => step.action === 'read')
  const needed = read.reduce((sum, table) => sum + (table.previousBytes ?? 0), 0)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= needed) return
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_000_000)} MB`
  throw new DwhError(
    'WRITE_FAILED',
    `${folder}: only ${megabytes(free)} free; these tables needed ${megabytes(needed)} last time`,
    {
      hint: 'Free some space there, or set DWH_TMP to a folder on a larger disk.',
    },
  )
}
