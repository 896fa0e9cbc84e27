import { createHash } from 'node:crypto'
import { access, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The folder outside the checkout where tests keep their installations. */
export const TOOLS_CACHE: string = process.env.DWH_TOOLS_CACHE ?? join(homedir(), '.cache/dwh-tools')

/**
 * Makes the folder of a pinned installation once, outside the checkout, and returns its path. A hash of the pinned
 * versions is part of its name, so a new version gets a new folder.
 */
export async function installed(name: string, pins: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(TOOLS_CACHE, `${name}-${createHash('sha256').update(pins).digest('hex').slice(0, 12)}`)
  const complete = join(folder, 'complete')
  if (await exists(complete)) return folder
  await alone(`${folder}.making`, async () => {
    // another process may have made it in the meantime
    if (await exists(complete)) return
    // a virtual environment cannot be moved, so it is made in its final place; the last file marks it as complete
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await make(folder)
    await writeFile(`${complete}.tmp`, pins)
    await rename(`${complete}.tmp`, complete)
  })
  return folder
}

const POLL_MS = 100

/**
 * Does the work under a lock between processes: a file with the id of its holder. The lock of a process that has ended
 * is taken over.
 */
async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  await mkdir(TOOLS_CACHE, { recursive: true })
  const own = `${lock}.${process.pid}`
  await writeFile(own, String(process.pid))
  try {
    while (
      !(await link(own, lock).then(
        () => true,
        () => false,
      ))
    ) {
      const holder = Number(await readFile(lock, 'utf8').catch(() => ''))
      if (holder > 0 && !isRunning(holder)) await rm(lock, { force: true })
      else await sleep(POLL_MS)
    }
    try {
      await work()
    } finally {
      await rm(lock, { force: true })
    }
  } finally {
    await rm(own, { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
