import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolderName } from '@dwh/core'

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
  const own = join(folder, temporaryFolderName('pipe'))
  await mkdir(own, { recursive: true, mode: 0o700 })
  const path = join(own, 'pipe')
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', path])
    // not waiting for a writer; and a writer of our own, without which a reader that comes first is at the end at once
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const socket = new Socket({ fd: reader, readable: true, writable: false })
    let writer: number | null = openWriter(path, socket)
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

function openWriter(path: string, reader: Socket): number {
  try {
    return openSync(path, constants.O_WRONLY)
  } catch (error) {
    reader.destroy()
    throw error
  }
}
