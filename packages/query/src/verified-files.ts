import { randomBytes } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Remembers which files have been hashed, so that each is read whole once and not at every query. */
export interface VerifiedFiles {
  /** Has this very file, unchanged since, been seen to have this hash? */
  has(sha256: string, file: BigIntStats): Promise<boolean>
  /** Best effort: what cannot be remembered is hashed again. */
  add(sha256: string, file: BigIntStats): Promise<void>
}

/** A file is the same while its device, inode, size and time of change are. A copy, such as a restored warehouse, is another one. */
function identity({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(' ')
}

/** In memory, for as long as the process lasts. */
export function verifiedInMemory(): VerifiedFiles {
  const known = new Set<string>()
  const key = (sha256: string, file: BigIntStats) => `${sha256} ${identity(file)}`
  return {
    has: async (sha256, file) => known.has(key(sha256, file)),
    add: async (sha256, file) => {
      known.add(key(sha256, file))
    },
  }
}

/** In a folder, made when absent, one small file per hash; any number of processes may share it. */
export function verifiedInFolder(folder: string): VerifiedFiles {
  return {
    async has(sha256, file) {
      const remembered = await readFile(join(folder, sha256), 'utf8').catch(() => '')
      return remembered === identity(file)
    },
    async add(sha256, file) {
      const temporary = join(folder, `${sha256}.${randomBytes(6).toString('hex')}`)
      try {
        await mkdir(folder, { recursive: true })
        await writeFile(temporary, identity(file))
        await rename(temporary, join(folder, sha256))
      } catch {
        // a cache that cannot be written costs time, not correctness
      }
    },
  }
}
