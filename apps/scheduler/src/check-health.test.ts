import { freePort } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { checkHealth } from './check-health.ts'

test('nobody is to be asked: well, and it says so', async () => {
  const said: string[] = []
  expect(await checkHealth(null, (text) => said.push(text))).toBe(0)
  expect(said).toEqual(['There is nobody to ask: DWH_LISTEN is off.\n'])
})

test('nobody answers: ill, and it says why', async () => {
  const said: string[] = []
  expect(await checkHealth({ host: '127.0.0.1', port: await freePort() }, (text) => said.push(text))).toBe(1)
  expect(said.join('')).toContain('ECONNREFUSED')
})
