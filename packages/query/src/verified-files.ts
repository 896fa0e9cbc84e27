import { randomBytes } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Remembers which files have been hashed, so that each file is read whole once and not at every query. */
export interface VerifiedFiles {
  /** Returns whether this file has been seen with this hash, and has not changed since. */
  has(sha256: string, file: BigIntStats): Promise<boolean>
  /** Remembers a file's hash. Best effort: a file that is not remembered is hashed again. */
  add(sha256: string, file: BigIntStats): Promise<void>
}

/**
 * A file is the same while device, inode, size and modification time are. A copy, such as in a restore, is another
 * file.
 */
function identity({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(' ')
}

/** Remembers hashed files in memory, until the process ends. */
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

/**
 * Remembers hashed files in a folder (made when absent), one small file per hash. Any number of processes may share it.
 */
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
