import { appendFile, rm, writeFile } from 'node:fs/promises'
import {
  endReaders,
  makePipes,
  openPipe,
  type Piece,
  type PipeWriter,
  pipeWriter,
  release,
  type Watched,
  watch,
} from './named-pipe.ts'

/** Separates two pieces: what follows belongs to the next input. */
export const NEXT_INPUT: unique symbol = Symbol('next input')

/** A piece of text, or the end of an input. */
export type InputPiece = Piece | typeof NEXT_INPUT

export interface FeedInputsOptions {
  /** Number of inputs for the reader. The last one takes all remaining text. */
  readonly count: number
}

/**
 * Feeds a stream of text to a reader that takes a list of files and reads one after another, each to its end before it
 * opens the next. `read` receives the list as soon as there is something to read, and resolves or rejects when the
 * reader is done. The caller limits what the reader holds of one input by placing `NEXT_INPUT`.
 *
 * Two named pipes alternate: the list contains them again and again, and a pipe can be opened for writing only when the
 * reader has come back to it. Unused inputs at the end are empty files. If no pipe can be made, each input is a
 * temporary file. Nothing is left beside `path` afterwards.
 *
 * If both fail, the error of `pieces` is thrown, as by `feed`.
 */
export async function feedInputs<T>(
  path: string,
  pieces: AsyncIterable<InputPiece>,
  { count }: FeedInputsOptions,
  read: (inputs: readonly string[]) => Promise<T>,
): Promise<T> {
  const pipes = [`${path}.a`, `${path}.b`] as const
  const made: string[] = []
  const iterator = pieces[Symbol.asyncIterator]()
  try {
    const first = await iterator.next()
    const all = withFirst(first, iterator)
    made.push(...pipes)
    if (await makePipes(...pipes)) {
      const inputs = Array.from({ length: count }, (_, index) => pipes[index % 2] as string)
      return await throughPipes(pipes, all, count, () => read(inputs))
    }
    for await (const written of toFiles(path, all)) made.push(written)
    return await read(made.slice(pipes.length))
  } finally {
    await iterator.return?.()
    for (const file of made) await rm(file, { force: true })
  }
}

async function* withFirst<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncGenerator<T> {
  for (let next = first; !next.done; next = await rest.next()) yield next.value
}

/** Writes the inputs as files, and yields the path of each when it is begun. */
async function* toFiles(path: string, pieces: AsyncIterable<InputPiece>): AsyncGenerator<string> {
  let index = 0
  const begin = async () => {
    const file = `${path}.${index}`
    index += 1
    await writeFile(file, '', { mode: 0o600, flag: 'wx' })
    return file
  }
  let file = await begin()
  yield file
  for await (const piece of pieces) {
    if (piece === NEXT_INPUT) {
      file = await begin()
      yield file
    } else await appendFile(file, piece)
  }
}

async function throughPipes<T>(
  pipes: readonly [string, string],
  pieces: AsyncIterable<InputPiece>,
  count: number,
  read: () => Promise<T>,
): Promise<T> {
  const reader = watch(read())
  let pipe: PipeWriter | null = null
  try {
    let index = 0
    pipe = await open(pipes[0], reader)
    for await (const piece of pieces) {
      if (pipe === null) break
      if (piece !== NEXT_INPUT) {
        if (!(await pipe.write(piece))) break
      } else if (index + 1 < count) {
        index += 1
        await pipe.end()
        pipe = await open(pipes[index % 2] as string, reader)
      }
    }
    endReaders(...pipes)
    await pipe?.end()
  } catch (error) {
    pipe?.destroy()
    await release(pipes, reader)
    throw error
  } finally {
    pipe?.destroy()
  }
  return reader.result
}

async function open(path: string, reader: Watched<unknown>): Promise<PipeWriter | null> {
  const socket = await openPipe(path, reader)
  return socket && pipeWriter(socket, reader)
}
