import { testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from './connect.ts'
import { lastWords } from './last-words.ts'

async function session() {
  const { client } = await connect({ connection: (await testDatabase('')).url })
  onTestFinished(() => void client.connection.stream.destroy())
  return client
}

test('last words: those of the session that ended, also where they were the answer to a query', async () => {
  const client = await session()
  await client.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => {})
  await expect(client.query('SELECT 1')).rejects.not.toHaveProperty('code')
  expect(lastWords(client)).toMatchObject({ code: '57P01' })
})

test('last words: the error that a transaction has failed with, until it is rolled back', async () => {
  const client = await session()
  await client.query('BEGIN; SAVEPOINT s')
  await expect(client.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' })
  await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' })
  expect(lastWords(client)).toMatchObject({ code: '22012' })
  await client.query('ROLLBACK TO SAVEPOINT s')
  expect(lastWords(client)).toBeUndefined()
})
