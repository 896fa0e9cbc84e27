import { startPgbouncer, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { fillExample } from './example.ts'
import { runWarehouse } from './run-warehouse.ts'

test.each(['session', 'transaction'])('PgBouncer in %s mode: the same files as without it', async (mode) => {
  const database = await testDatabase()
  await fillExample(database.url)
  const { hostname, port, username, password } = new URL(database.url)
  const target = { hosts: [hostname], port: Number(port), user: username, password }
  const direct = await runWarehouse({ DATABASE_URL: database.url })
  expect(Object.keys(direct.files ?? {})).toHaveLength(6)
  for (const default_pool_size of [20, 1]) {
    const pooler = await startPgbouncer(target, { pool_mode: mode, default_pool_size })
    onTestFinished(() => pooler.stop())
    const url = new URL(database.url)
    url.port = String(pooler.port)
    url.searchParams.set('connect_timeout', '2')
    const pooled = await runWarehouse({ DATABASE_URL: url.href })
    expect(pooled.code, pooled.stderr).toBe(0)
    expect(pooled.files).toEqual(direct.files)
  }
})
