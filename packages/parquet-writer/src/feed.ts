import { open, rm } from 'node:fs/promises'
import { makePipes, openPipe, type Piece, type PipeWriter, pipeWriter, release, watch } from './named-pipe.ts'

/** What is less than this goes through a file: it is there before a pipe would have been made. */
const SMALL_BYTES = 1024 * 1024

/**
 * Hands a stream of text to a reader that knows files only. `read` is started, and resolves or rejects when the reader is done; `chunks` is then
 * pulled no faster than the reader takes it. Through a named pipe, so nothing touches the disk; where there is little, or pipes cannot be made, through a temporary
 * file at `path`. Nothing is left at `path` afterwards.
 *
 * While a DuckDB call runs it holds one of the four threads of libuv's pool, and what waits for a fifth waits for ever. So neither opening nor writing
 * the pipe uses the pool, and the reader is started only once there is much to read, or all: a source has to connect first, which does use it.
 *
 * When both fail, the error of `chunks` is thrown: a cut source makes the reader see an early end, or complain about one.
 */
export async function feed<T>(path: string, chunks: AsyncIterable<Piece>, read: () => Promise<T>): Promise<T> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    const { begun, small } = await begin(iterator)
    return !small && (await makePipes(path))
      ? await throughPipe(path, begun, read)
      : await throughFile(path, begun, read)
  } finally {
    // also where nobody has come to take it
    await iterator.return?.()
    await rm(path, { force: true })
  }
}

/** Waits for the beginning, or for all where that is little; the whole sequence is then given on. */
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

/** Writes the chunks and closes the pipe; stops early, without an error, when the reader has gone. */
async function pour(chunks: AsyncIterable<Piece>, pipe: PipeWriter): Promise<void> {
  try {
    for await (const chunk of chunks) if (!(await pipe.write(chunk))) return
    await pipe.end()
  } finally {
    pipe.destroy()
  }
}
