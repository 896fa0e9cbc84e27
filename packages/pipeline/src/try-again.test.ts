import { DwhError } from '@dwh/core'
import { expect, test } from 'vitest'
import { tryAgain } from './try-again.ts'

/** Fails with each of these errors in turn, then returns the number of calls. */
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

test('retryable failure: retried once, with a callback', async () => {
  const failure = retryable()
  expect(await attempt(failure)).toEqual({ answer: 2, asked: 2, told: [failure] })
})

test('second retryable failure: thrown', async () => {
  const [first, second] = [retryable(), retryable()]
  expect(await attempt(first, second)).toEqual({ answer: second, asked: 2, told: [first] })
})

test.each([new DwhError('SOURCE_FAILED', 'no'), new Error('retryable')])('%s: not retried', async (failure) => {
  expect(await attempt(failure)).toEqual({ answer: failure, asked: 1, told: [] })
})
