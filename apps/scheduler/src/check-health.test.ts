import { freePort } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { checkHealth } from './check-health.ts'

test('DWH_LISTEN is off: healthy, with a message', async () => {
  const said: string[] = []
  expect(await checkHealth(null, (text) => said.push(text))).toBe(0)
  expect(said).toEqual(['Health check skipped: DWH_LISTEN is off.\n'])
})

test('no scheduler answers: unhealthy, with the reason', async () => {
  const said: string[] = []
  expect(await checkHealth({ host: '127.0.0.1', port: await freePort() }, (text) => said.push(text))).toBe(1)
  expect(said.join('')).toContain('ECONNREFUSED')
})
