import { DwhError } from '@dwh/core'
import { expect, test } from 'vitest'
import { tryAgain } from './try-again.ts'

/** Fails with each of these in turn, then answers how often it was asked. */
async function attempt(...failures: unknown[]) {
  let asked = 0
  const told: DwhError[] = []
  const work = async () => {
    asked += 1
    if (asked <= failures.length) throw failures[asked - 1]
    return asked
  }
  const answer = await tryAgain(work, (error) => told.push(error)).catch((error) => error)
  return { answer, asked, told }
}

const retryable = () => new DwhError('SOURCE_FAILED', 'made way', { context: { retryable: true } })

test('a failure that may succeed now: once more, and that is told', async () => {
  const failure = retryable()
  expect(await attempt(failure)).toEqual({ answer: 2, asked: 2, told: [failure] })
})

test('a second such failure is the answer', async () => {
  const [first, second] = [retryable(), retryable()]
  expect(await attempt(first, second)).toEqual({ answer: second, asked: 2, told: [first] })
})

test.each([new DwhError('SOURCE_FAILED', 'no'), new Error('retryable')])('%s: not again', async (failure) => {
  expect(await attempt(failure)).toEqual({ answer: failure, asked: 1, told: [] })
})
