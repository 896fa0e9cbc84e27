import { open, rm } from 'node:fs/promises'
import { makePipes, openPipe, type Piece, type PipeWriter, pipeWriter, release, watch } from './named-pipe.ts'

/** Smaller data goes through a file: that is faster than making a pipe. */
const SMALL_BYTES = 1024 * 1024

/**
 * Feeds a stream of text to a reader that can only read files. `read` is started, and resolves or rejects when the
 * reader is done; `chunks` is pulled no faster than the reader reads. Uses a named pipe, so nothing touches the disk;
 * for little data, or if pipes cannot be made, a temporary file at `path`. Nothing is left at `path` afterwards.
 *
 * A running DuckDB call occupies one of the four threads of libuv's pool, and a task that waits for a fifth thread may
 * wait for ever. So neither opening nor writing the pipe uses the pool, and the reader is started only when there is
 * much data, or all of it: a source has to connect first, which does use the pool.
 *
 * If both fail, the error of `chunks` is thrown: when a source is cut, the reader sees an early end, or complains about
 * one.
 */
export async function feed<T>(path: string, chunks: AsyncIterable<Piece>, read: () => Promise<T>): Promise<T> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    const { begun, small } = await begin(iterator)
    return !small && (await makePipes(path))
      ? await throughPipe(path, begun, read)
      : await throughFile(path, begun, read)
  } finally {
    // also if no reader took it
    await iterator.return?.()
    await rm(path, { force: true })
  }
}

/** Waits for the beginning, or for everything if it is little; returns the whole sequence. */
async function begin(iterator: AsyncIterator<Piece>): Promise<{ begun: AsyncIterable<Piece>; small: boolean }> {
  const first: Piece[] = []
  let bytes = 0
  let done = false
  while (!done && bytes < SMALL_BYTES) {
    const next = await iterator.next()
    done = next.done === true
    if (!next.done) {
      first.push(next.value)
      bytes += next.value.length
    }
  }
  async function* begun(): AsyncGenerator<Piece> {
    yield* first.splice(0)
    while (!done) {
      const next = await iterator.next()
      if (next.done) return
      yield next.value
    }
  }
  return { begun: begun(), small: done }
}

async function throughFile<T>(path: string, chunks: AsyncIterable<Piece>, read: () => Promise<T>): Promise<T> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of chunks) await file.writeFile(chunk)
  } finally {
    await file.close()
  }
  return read()
}

async function throughPipe<T>(path: string, chunks: AsyncIterable<Piece>, read: () => Promise<T>): Promise<T> {
  const reader = watch(read())
  try {
    const socket = await openPipe(path, reader)
    if (socket) await pour(chunks, pipeWriter(socket, reader))
  } catch (error) {
    await release([path], reader)
    throw error
  }
  return reader.result
}

/** Writes the chunks and closes the pipe; stops early, without an error, if the reader has gone. */
async function pour(chunks: AsyncIterable<Piece>, pipe: PipeWriter): Promise<void> {
  try {
    for await (const chunk of chunks) if (!(await pipe.write(chunk))) return
    await pipe.end()
  } finally {
    pipe.destroy()
  }
}
