import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, renameSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How long to wait before asking again whether the reader has opened the pipe. */
const PIPE_POLL_MS = 1

/** Text, or UTF-8 bytes. */
export type Piece = string | Uint8Array

/** Work that reads from a pipe, and whether it has ended. */
export interface Watched<T> {
  readonly result: Promise<T>
  readonly settled: Promise<void>
  done: boolean
}

export function watch<T>(result: Promise<T>): Watched<T> {
  const watched: Watched<T> = { result, done: false, settled: result.then(settle, settle) }
  function settle() {
    watched.done = true
  }
  return watched
}

/** Makes named pipes that only this user may open; false where none can be made. */
export async function makePipes(...paths: readonly string[]): Promise<boolean> {
  return run('mkfifo', ['-m', '600', ...paths]).then(
    () => true,
    () => false,
  )
}

/** Opens the pipe once its reader is there; null when the reader has ended without it. Neither opening nor writing uses libuv's pool. */
export async function openPipe(path: string, reader: Watched<unknown>): Promise<Socket | null> {
  while (!reader.done) {
    try {
      // opened for reading and writing it would never be refused, but a small table written and closed before the reader came would be lost
      return new Socket({
        fd: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK),
        readable: false,
        writable: true,
      })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error
    }
    await new Promise((resolve) => setTimeout(resolve, PIPE_POLL_MS))
  }
  return null
}

/** An open pipe as a place to write to. */
export interface PipeWriter {
  /** Resolves when more can be taken; false when the reader has gone, which is no error here. */
  write(piece: Piece): Promise<boolean>
  /** Closes the pipe once all has been taken. */
  end(): Promise<void>
  /** Closes the pipe at once. */
  destroy(): void
}

export function pipeWriter(socket: Socket, reader: Watched<unknown>): PipeWriter {
  let wake = () => {}
  const gone = () => wake()
  socket.on('error', gone).on('close', gone).on('drain', gone)
  return {
    async write(piece) {
      if (reader.done || socket.destroyed) return false
      if (socket.write(piece)) return true
      await new Promise<void>((resolve) => {
        wake = resolve
        if (socket.destroyed || !socket.writableNeedDrain) resolve()
      })
      return true
    },
    async end() {
      await new Promise<void>((resolve) => {
        socket.once('close', resolve).end(() => resolve())
        if (socket.destroyed) resolve()
      })
    },
    destroy: () => socket.destroy(),
  }
}

/**
 * Lets a reader that waits at one of these pipes, or has yet to come to one, find nothing more: each becomes an empty
 * file. Without libuv's pool, which readers may hold.
 * @throws what the file system says, such as ENOENT when the folder is gone
 */
export function endReaders(...pipes: readonly string[]): void {
  const open: number[] = []
  try {
    // opened for reading and writing, a pipe lets in whoever waits at it; what is closed after the rename is then an
    // end for them
    for (const path of pipes) open.push(openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
    for (const path of pipes) {
      writeFileSync(`${path}.end`, '', { mode: 0o600 })
      renameSync(`${path}.end`, path)
    }
  } finally {
    for (const fd of open) closeSync(fd)
  }
}

/**
 * Lets a reader go after a failure, and waits for it; one that cannot be let go is not waited for, since the failure
 * is what has to be told.
 */
export async function release(pipes: readonly string[], reader: Watched<unknown>): Promise<void> {
  try {
    endReaders(...pipes)
  } catch {
    return
  }
  await reader.settled
}
