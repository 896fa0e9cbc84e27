import { createHash } from 'node:crypto'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where what the tests install is kept, outside the checkout. */
export const TOOLS_CACHE: string = process.env.DWH_TOOLS_CACHE ?? join(homedir(), '.cache/dwh-tools')

/**
 * Makes the folder of a pinned installation once, outside the checkout, and gives its path. It is named after what is pinned in it, so that a new pin is
 * a new folder.
 */
export async function installed(name: string, pins: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(TOOLS_CACHE, `${name}-${createHash('sha256').update(pins).digest('hex').slice(0, 12)}`)
  const complete = join(folder, 'complete')
  const done = await access(complete).then(
    () => true,
    () => false,
  )
  if (done) return folder
  // a virtual environment cannot be moved: it is made in its place, and the last file says that it is whole
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await make(folder)
  await writeFile(`${complete}.tmp`, pins)
  await rename(`${complete}.tmp`, complete)
  return folder
}
