import { Writable } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { queryProgress } from './query-progress.ts'

/** What a terminal gets while time passes. */
function terminal(isTTY = true) {
  let text = ''
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  return { stderr: Object.assign(stream, { isTTY }), text: () => text }
}

test('a long statement: nothing for 2 s, then how far it is; the line is erased, also for the next statement', () => {
  vi.useFakeTimers()
  const { stderr, text } = terminal()
  let done: number | null = null
  const progress = queryProgress(stderr, () => done, Date.now)
  progress.restart()
  vi.advanceTimersByTime(1_900)
  expect(text()).toBe('')
  vi.advanceTimersByTime(100)
  expect(text()).toBe('\rrunning for 2.0 s\u001b[K')
  done = 0.25
  vi.advanceTimersByTime(1_000)
  expect(text()).toContain('\r█████░░░░░░░░░░░░░░░ 25 %  3.0 s, about 9.0 s left\u001b[K')
  progress.restart()
  expect(text().endsWith('\r\u001b[K')).toBe(true)
  const before = text()
  vi.advanceTimersByTime(1_900)
  progress.stop()
  vi.advanceTimersByTime(60_000)
  expect(text()).toBe(before)
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

test('not a terminal: no line', () => {
  vi.useFakeTimers()
  const { stderr, text } = terminal(false)
  const progress = queryProgress(stderr, () => 0.5, Date.now)
  progress.restart()
  vi.advanceTimersByTime(60_000)
  progress.stop()
  expect(text()).toBe('')
  vi.useRealTimers()
})
