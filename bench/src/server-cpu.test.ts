import { serverUrl, withClient } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { serverCpuSeconds } from './server-cpu.ts'

test('serverCpuSeconds: counts the work of a connection while it is open and after it has ended', async () => {
  const url = await serverUrl()
  const postmaster = await withClient(url, async (client) => {
    const { rows } = await client.query("SELECT pg_read_file('postmaster.pid') AS file")
    return Number.parseInt(rows[0].file, 10)
  })
  const before = await serverCpuSeconds(postmaster)
  const during = await withClient(url, async (client) => {
    await client.query('SELECT count(*) FROM generate_series(1, 2000000) i WHERE sqrt(i) > 3')
    return serverCpuSeconds(postmaster)
  })
  expect(during - before).toBeGreaterThan(0.05)
  expect(await serverCpuSeconds(postmaster)).toBeGreaterThanOrEqual(during)
})
