import { access, constants, statfs } from 'node:fs/promises'
import type { Config } from '@dwh/config'
import { formatBytes } from '@dwh/core'
import { type Finding, failed, type Outcome, ok, warning } from './finding.ts'
import { nearestFolder } from './folders.ts'

/**
 * Checks the local folders that a run and a query write to. `largestTableBytes` is the size in Postgres of the largest
 * table to read.
 */
export async function* checkLocal(config: Config, largestTableBytes: number): AsyncGenerator<Finding> {
  yield { id: 'local.temp', ...(await checkFolder(config.temp, 'DWH_TMP', largestTableBytes)) }
  yield { id: 'local.cache', ...(await checkFolder(config.cache, 'DWH_CACHE', 0)) }
}

async function checkFolder(path: string, variable: string, wanted: number): Promise<Outcome> {
  const another = `Set ${variable} to a writable folder.`
  const there = await nearestFolder(path)
  if (!there.isFolder) return failed(`${path}: ${there.path} is not a folder`, another)
  const denied = await access(there.path, constants.W_OK | constants.X_OK).catch((error: Error) => error)
  if (denied) return failed(`${path}: ${denied.message}`, another)
  const { bavail, bsize } = await statfs(there.path)
  const free = bavail * bsize
  const found = `${path}: ${formatBytes(free)} free`
  if (free >= wanted) return ok(found)
  return warning(
    `${found}, but the largest table takes ${formatBytes(wanted)} in Postgres; its file is usually much smaller`,
    `Free some space there, or set ${variable} to a folder on a larger disk.`,
  )
}
