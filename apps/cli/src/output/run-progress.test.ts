import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import type { RunEvent } from '@dwh/core'
import { expect, test } from 'vitest'
import { runProgress } from './run-progress.ts'

/** Returns what a terminal receives when these events come half a second apart. */
async function shown(events: readonly RunEvent[]): Promise<string> {
  let text = ''
  const terminal = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  let now = 0
  const progress = runProgress(Object.assign(terminal, { isTTY: true, columns: 120, rows: 40 }), () => now)
  for (const event of events) {
    progress.onEvent(event)
    now += 500
  }
  await new Promise((resolve) => setTimeout(resolve, 250))
  progress.close()
  return stripVTControlCharacters(text)
}

const start = (table: string, estimatedRows: number | null, estimatedBytes: number | null): RunEvent => ({
  type: 'table-start',
  table,
  estimatedRows,
  estimatedBytes,
})

test('progress in bytes: rate and time left', async () => {
  const text = await shown([
    start('orders', 1_000_000, 100e6),
    { type: 'table-progress', table: 'orders', rows: null, bytes: 20e6 },
    { type: 'table-progress', table: 'orders', rows: null, bytes: 40e6 },
    { type: 'table-progress', table: 'orders', rows: null, bytes: 50e6 },
  ])
  expect(text).toContain('· orders  ██████████░░░░░░░░░░  50.0 MB of about 100.0 MB  25.0 MB/s, about 2.0 s left')
})

test('progress in rows: without an estimate no time left', async () => {
  const text = await shown([
    start('a', 200, null),
    start('b', null, null),
    { type: 'table-progress', table: 'a', rows: 100, bytes: 10 },
    { type: 'table-progress', table: 'b', rows: 2_000, bytes: 10 },
  ])
  expect(text).toContain('· a  ██████████░░░░░░░░░░  100 rows of about 200  50 rows/s, about 2.0 s left')
  expect(text).toContain('· b  2,000 rows  1,333 rows/s')
})

test('finished table: its line stays, with the method and the time of the proof', async () => {
  const text = await shown([
    start('a', null, null),
    { type: 'table-end', table: 'a', rows: 1, bytes: 1234, durationMs: 2000, proofMs: 400, method: 'native' },
    { type: 'table-failed', table: 'b', code: 'SOURCE_FAILED', message: 'b: gone', hint: null },
  ])
  expect(text).toContain('✓ a: 1 row, 1.2 kB, 2.0 s by native, including 0.4 s of proof\n')
  expect(text).toContain('✗ b: gone\n')
})
