import { DwhError } from '@dwh/core'
import { expect, test } from 'vitest'
import { untilWritten } from './write-state.ts'

const conflict = () => new DwhError('CONFLICT', 'etl.json: changed by another writer')

test('untilWritten: another writer wins, retries', async () => {
  let attempts = 0
  const write = async () => {
    attempts += 1
    if (attempts < 5) throw conflict()
    return attempts
  }
  expect(await untilWritten(write)).toBe(5)
})

test('untilWritten: a store that refuses every condition, as with stale reads, gives up', async () => {
  let attempts = 0
  const write = async () => {
    attempts += 1
    throw conflict()
  }
  await expect(untilWritten(write)).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(attempts).toBe(20)
})
