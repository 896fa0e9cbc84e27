import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowMerge } from './merge-rows.ts'

/** Yields the content in pieces of these sizes; before each, up to three turns of the event loop pass. */
async function* stream(content: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (let i = 0; at < content.length; i += 1) {
    const size = sizes[i % sizes.length] as number
    for (let turn = 0; turn < size % 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    yield Buffer.from(content.slice(at, at + size))
    at += size
  }
}

test('several streams: every row whole, in the order of its stream', async () => {
  const rows = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\t'), maxLength: 9 }), { maxLength: 12 })
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(rows, sizes), { maxLength: 4 }), async (streams) => {
      const merge = rowMerge(() => {})
      const named = streams.map(([lines], i) => lines.map((line, n) => `${i}:${n}:${line}\n`))
      for (const [i, [, pieces]] of streams.entries()) merge.add(stream((named[i] ?? []).join(''), pieces))
      const merged = (await text(merge.rows())).split(/(?<=\n)/).filter((line) => line !== '')
      for (const [i, lines] of named.entries()) expect(merged.filter((line) => line.startsWith(`${i}:`))).toEqual(lines)
      expect(merged).toHaveLength(named.flat().length)
    }),
  )
})

test('stream added while another is read: all rows of both', async () => {
  const merge = rowMerge(() => {})
  async function* first(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a\n')
    merge.add(stream('b\nb\n', [2]))
    yield Buffer.from('a\n')
  }
  merge.add(first())
  expect((await text(merge.rows())).split('').sort().join('').trim()).toBe('aabb')
})

/** A stream that never ends by itself. */
function endless(): { stream: AsyncGenerator<Uint8Array>; stop: () => void; ended: () => boolean } {
  let stop = () => {}
  let ended = false
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new Error('stopped'))
  })
  async function* silent(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from('row\n')
      await stopped
    } finally {
      ended = true
    }
  }
  return { stream: silent(), stop, ended: () => ended }
}

test.each(['fails', 'is left'])(
  'merge %s while a stream waits for ever: the stream is stopped, and the merge waits for its end',
  async (how) => {
    const waiting = endless()
    const merge = rowMerge(waiting.stop)
    async function* failing(): AsyncGenerator<Uint8Array> {
      await new Promise((resolve) => setTimeout(resolve, 10))
      throw new Error('cut')
    }
    merge.add(waiting.stream)
    if (how === 'fails') {
      merge.add(failing())
      await expect(text(merge.rows())).rejects.toThrow('cut')
    } else {
      for await (const _ of merge.rows()) break
    }
    expect(waiting.ended()).toBe(true)
  },
)

test('no streams: no rows', async () => {
  expect(await text(rowMerge(() => {}).rows())).toBe('')
})
