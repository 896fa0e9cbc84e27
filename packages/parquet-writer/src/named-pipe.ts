import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, renameSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How long to wait before checking again whether the reader has opened the pipe. */
const PIPE_POLL_MS = 1

/** Text, or UTF-8 bytes. */
export type Piece = string | Uint8Array

/** A task that reads from a pipe, and whether it has ended. */
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

/** Makes named pipes that only this user may open; false if none can be made. */
export async function makePipes(...paths: readonly string[]): Promise<boolean> {
  return run('mkfifo', ['-m', '600', ...paths]).then(
    () => true,
    () => false,
  )
}

/**
 * Opens the pipe when its reader is there; null if the reader has ended without opening it. Neither opening nor writing
 * uses libuv's pool.
 */
export async function openPipe(path: string, reader: Watched<unknown>): Promise<Socket | null> {
  while (!reader.done) {
    try {
      // opening for reading and writing would never be refused, but a small table that is written and closed before
      // the reader came would be lost
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

/** A writer for an open pipe. */
export interface PipeWriter {
  /** Resolves when the pipe accepts more; false if the reader has gone, which is not an error here. */
  write(piece: Piece): Promise<boolean>
  /** Closes the pipe after everything was taken. */
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
 * Ends readers that wait for one of these pipes, or will open one later: each pipe becomes an empty file. Does not use
 * libuv's pool, which readers may occupy.
 * @throws what the file system throws, such as ENOENT if the folder is gone
 */
export function endReaders(...pipes: readonly string[]): void {
  const open: number[] = []
  try {
    // opening a pipe for reading and writing releases readers that wait for it; closing it after the rename ends them
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
 * Releases a reader after a failure, and waits for it. Does not wait for a reader that cannot be released, since the
 * failure has to be reported.
 */
export async function release(pipes: readonly string[], reader: Watched<unknown>): Promise<void> {
  try {
    endReaders(...pipes)
  } catch {
    return
  }
  await reader.settled
}
