import { createReadStream } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { feed } from './feed.ts'

async function* chunks(count: number, size: number): AsyncGenerator<string> {
  for (let i = 0; i < count; i += 1) yield String(i % 10).repeat(size)
}

/** A size in bytes above the limit below which a file is used. */
const MUCH = 2 * 1024 * 1024

async function* failing(): AsyncGenerator<string> {
  yield 'x'.repeat(MUCH)
  throw new Error('the source died')
}

/** Empties the search path for programs, so that no pipe can be made. */
function withoutMkfifo(): void {
  const { PATH } = process.env
  process.env.PATH = '/nowhere'
  onTestFinished(() => {
    process.env.PATH = PATH
  })
}

describe.each(['pipe', 'file'])('through a %s', (way) => {
  async function place(): Promise<{ folder: string; path: string }> {
    if (way === 'file') withoutMkfifo()
    const folder = await temporaryFolder()
    return { folder, path: join(folder, 'x') }
  }

  test('any size: everything arrives, nothing is left', async () => {
    const { folder, path } = await place()
    const sizes = [0, 1, 1000]
    for (const count of sizes) {
      const received = await feed(path, chunks(count, 10_000), () => text(createReadStream(path)))
      expect(received.length).toBe(count * 10_000)
    }
    expect(await readdir(folder)).toEqual([])
  })

  test('source fails: its error is thrown', async () => {
    const { folder, path } = await place()
    await expect(feed(path, failing(), () => text(createReadStream(path)))).rejects.toThrow('the source died')
    expect(await readdir(folder)).toEqual([])
  })

  test('reader fails: its error is thrown, and the source is closed', async () => {
    const { folder, path } = await place()
    let closed = false
    async function* endless(): AsyncGenerator<string> {
      try {
        for (let i = 0; way === 'pipe' || i < 1000; i += 1) yield 'x'.repeat(10_000)
      } finally {
        closed = true
      }
    }
    const reader = async () => {
      const file = await open(path)
      await file.read(Buffer.alloc(10))
      await file.close()
      throw new Error('the reader failed')
    }
    await expect(feed(path, endless(), reader)).rejects.toThrow('the reader failed')
    expect(closed).toBe(true)
    expect(await readdir(folder)).toEqual([])
  })
})

test('reader fails before it opens the pipe: the writer does not wait, and the source is closed', async () => {
  const path = join(await temporaryFolder(), 'x')
  let closed = false
  async function* much(): AsyncGenerator<string> {
    try {
      yield 'x'.repeat(MUCH)
      yield 'x'
    } finally {
      closed = true
    }
  }
  await expect(feed(path, much(), () => Promise.reject(new Error('no such option')))).rejects.toThrow('no such option')
  expect(closed).toBe(true)
})

test('source fails before the reader opens the pipe: the reader is released', async () => {
  const path = join(await temporaryFolder(), 'x')
  const late = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return text(createReadStream(path))
  }
  await expect(feed(path, failing(), late)).rejects.toThrow('the source died')
})
