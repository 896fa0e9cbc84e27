import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of one upload, in memory or in a file; never changed once written. */
interface Block {
  readonly bytes: Buffer | null
  readonly path: string
  /** Number of objects, parts and readers that hold it; at 0 its file is removed. */
  holders: number
}

/** `end` is exclusive. */
interface Slice {
  readonly block: Block
  readonly start: number
  readonly end: number
}

/** The content of an object or of a part. Copies share it; an object made of parts has many slices. */
export interface Content {
  readonly size: number
  readonly slices: readonly Slice[]
}

export interface BodyStore {
  /** Stores the chunks, held once; more than `spillBytes` go to a file. Stores nothing if the source fails. */
  write(source: AsyncIterable<Buffer>): Promise<Content>
}

export const EMPTY: Content = { size: 0, slices: [] }

/** Holds small bodies in memory and large ones in files of `folder`. */
export function bodyStore(folder: string, spillBytes: number): BodyStore {
  return {
    async write(source) {
      let held: Buffer[] = []
      let size = 0
      let file: FileHandle | null = null
      const path = join(folder, randomUUID())
      try {
        for await (const chunk of source) {
          size += chunk.length
          if (file === null && size > spillBytes) {
            file = await open(path, 'wx')
            for (const early of held) await file.writeFile(early)
            held = []
          }
          if (file) await file.writeFile(chunk)
          else held.push(chunk)
        }
      } catch (error) {
        await file?.close()
        if (file) await rm(path, { force: true })
        throw error
      }
      await file?.close()
      if (size === 0) return EMPTY
      const block: Block = { bytes: file ? null : Buffer.concat(held), path: file ? path : '', holders: 1 }
      return { size, slices: [{ block, start: 0, end: size }] }
    },
  }
}

/** Adds a holder; returns the same content. */
export function hold(content: Content): Content {
  for (const { block } of content.slices) block.holders++
  return content
}

/** Removes a holder. */
export function release(content: Content): void {
  for (const { block } of content.slices) {
    block.holders--
    // Best effort: a file that cannot be removed now is removed with the server's folder.
    if (block.holders === 0 && block.path) rm(block.path, { force: true }).catch(() => {})
  }
}

/** Returns the bytes from `start` to `end`, exclusive, without a copy and without a new holder. */
export function sliceOf(content: Content, start: number, end: number): Content {
  const slices: Slice[] = []
  let at = 0
  for (const slice of content.slices) {
    const length = slice.end - slice.start
    const from = Math.max(start - at, 0)
    const to = Math.min(end - at, length)
    if (from < to) slices.push({ block: slice.block, start: slice.start + from, end: slice.start + to })
    at += length
  }
  return { size: Math.max(0, Math.min(end, content.size) - start), slices }
}

export function joined(contents: readonly Content[]): Content {
  return {
    size: contents.reduce((sum, content) => sum + content.size, 0),
    slices: contents.flatMap((content) => content.slices),
  }
}

/**
 * Reads the bytes in order, at most 256 KiB at a time. Reading continues to the end even if the content is released
 * meanwhile.
 */
export async function* readContent(content: Content): AsyncGenerator<Buffer> {
  hold(content)
  try {
    for (const { block, start, end } of content.slices) {
      if (block.bytes) {
        for (let at = start; at < end; at += CHUNK_BYTES)
          yield block.bytes.subarray(at, Math.min(at + CHUNK_BYTES, end))
      } else yield* createReadStream(block.path, { start, end: end - 1, highWaterMark: CHUNK_BYTES })
    }
  } finally {
    release(content)
  }
}

const CHUNK_BYTES = 256 * 1024
