import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A named pipe: another part of the process writes to its path, and the bytes come out here. */
export interface NamedPipe {
  readonly path: string
  /** The bytes, until `end` and whatever was written before it. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Ends the bytes, once no writer has the path open. */
  end(): void
  /** Closes both ends and removes the path; a writer gets EPIPE. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Makes a pipe in a new folder within `folder`. Node has no function for it: the `mkfifo` of POSIX makes it.
 * @throws the system's error where there is no `mkfifo`, or the file system has no pipes
 */
export async function openNamedPipe(folder: string): Promise<NamedPipe> {
  await mkdir(folder, { recursive: true })
  const own = await mkdtemp(join(folder, 'dwh-pipe-'))
  const path = join(own, 'pipe')
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', path])
    // not waiting for a writer; and a writer of our own, without which a reader that comes first is at the end at once
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    let writer: number | null = openSync(path, constants.O_WRONLY)
    const socket = new Socket({ fd: reader, readable: true, writable: false })
    const end = () => {
      if (writer !== null) closeSync(writer)
      writer = null
    }
    return {
      path,
      bytes: socket,
      end,
      async close() {
        end()
        socket.destroy()
        await rm(own, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(own, { recursive: true, force: true })
    throw error
  }
}
