import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { type Workplace, workplace } from './test-support.ts'

async function published(): Promise<Workplace> {
  const database = await testDatabase(`
    CREATE TABLE customers AS SELECT i AS id, 'name ' || i AS name FROM generate_series(1, 100) i;
    CREATE TABLE orders AS SELECT i AS id, i % 100 AS customer, i * 1.5 AS amount FROM generate_series(1, 1000) i`)
  const place = await workplace({ DATABASE_URL: database.url })
  for (const date of ['2026-02-17', '2026-02-18'])
    expect((await place.dwh(['run', '--full-refresh', '--date', date])).code).toBe(0)
  return place
}

const QUERY = ['query', 'SELECT count(*), sum(amount), min(name) FROM orders JOIN customers ON customer = customers.id']

test('one bit flipped: verify names the file and exits with 5', async () => {
  const place = await published()
  const whole = await place.dwh(['verify'])
  expect(whole).toMatchObject({ code: 0, stderr: '' })
  expect(whole.stdout).toMatch(/^No problems: 4 files of 2 days, 4 files \(.* kB\) read completely, in /)
  expect((await place.dwh(['verify', '--deep'])).code).toBe(0)
  const path = join(place.folder, 'warehouse/orders/2026/02/17.parquet')
  const body = await readFile(path)
  body[1000] = (body[1000] as number) ^ 4
  await writeFile(path, body)
  const found = await place.dwh(['verify'])
  expect(found.code).toBe(5)
  expect(found.stdout).toMatch(
    /^damaged {2}_dwh\/parts\/orders\/2026\/02\/17-[-\w]+\.parquet: SHA-256 [0-9a-f]{64}, not [0-9a-f]{64}\n1 problem: /,
  )
  const json = JSON.parse((await place.dwh(['verify', '--json'])).stdout)
  expect(json.problems).toMatchObject([
    { kind: 'damaged', key: expect.stringMatching(/^_dwh\/parts\/orders\/2026\/02\/17-/) },
  ])
  expect((await place.dwh(['verify', '--sample', '0%'])).code).toBe(0)
  expect((await place.dwh(['verify', '--sample', '200%'])).code).toBe(2)
})

test('etl.json and all generations lost: repair restores the same answers', async () => {
  const place = await published()
  const before = await place.dwh(QUERY)
  expect(before.code).toBe(0)
  for (const part of ['etl.json', '_dwh/generations', '_dwh/days', '_dwh/index'])
    await rm(join(place.folder, 'warehouse', part), { recursive: true })
  expect((await place.dwh(QUERY)).code).not.toBe(0)
  const repaired = await place.dwh(['repair'])
  expect(repaired).toMatchObject({ code: 0, stderr: '' })
  expect(repaired.stdout).toMatch(/rebuilt the manifest of 2026-02-17, 2026-02-18\n- rebuilt etl.json\nRepaired /)
  expect(await place.dwh(QUERY)).toEqual(before)
  expect((await place.dwh(['verify', '--deep'])).code).toBe(0)
  expect((await place.dwh(['repair'])).stdout).toMatch(/^Nothing to repair in /)
  expect((await place.dwh(['run', '--date', '2026-02-18', '--replace'])).code).toBe(0)
  expect(await place.dwh(QUERY)).toEqual(before)
})

test('prune: shows what it would remove, then removes it', async () => {
  const place = await published()
  expect((await place.dwh(['prune'])).code).toBe(2)
  const plan = await place.dwh(['prune', '--keep-daily', '1'])
  expect(plan.stdout).toMatch(
    /^2026-02-17 {2}2 files {2}[\d.]+ kB\nWould remove 1 day, [\d.]+ kB. Add --yes to remove.\n1 day stays:\n {2}daily {4}2026-02-18\n$/,
  )
  const json = async (...flags: string[]) =>
    JSON.parse((await place.dwh(['prune', '--keep-daily', '1', '--json', ...flags])).stdout)
  const day = { date: '2026-02-17', files: 2, bytes: expect.any(Number) }
  const kept = [{ date: '2026-02-18', rules: ['daily', 'current'] }]
  expect(await json()).toEqual({ would_remove: [day], kept })
  expect((await place.dwh(['query', '--as-of', '2026-02-17', 'SELECT 1 FROM orders LIMIT 1'])).code).toBe(0)
  const done = await place.dwh(['prune', '--keep-daily', '1', '--yes'])
  expect(done.stdout).toContain('Removed 1 day')
  expect(await json()).toEqual({ would_remove: [], kept })
  expect(await json('--yes')).toEqual({ removed: [], kept })
  expect((await place.dwh(['query', '--as-of', '2026-02-17', 'SELECT 1 FROM orders LIMIT 1'])).code).toBe(2)
  expect((await place.dwh(['verify'])).stdout).toMatch(/^No problems: 2 files of 1 day/)
  expect((await place.dwh(['prune', '--keep-daily', '1', '--yes'])).stdout).toBe(
    'Nothing to remove. 1 day stays:\n  daily    2026-02-18\n',
  )
})

test('retention: from dwh.yaml or the environment; flags replace all of it', async () => {
  const place = await published()
  await writeFile(join(place.folder, 'dwh.yaml'), 'keep: { daily: 1 }\n')
  expect((await place.dwh(['prune'])).stdout).toContain('Would remove 1 day')
  const env = { DWH_KEEP_DAILY: '2' }
  expect((await place.dwh(['prune'], { env })).stdout).toBe(
    'Nothing to remove. 2 days stay:\n  daily    2026-02-17 to 2026-02-18\n',
  )
  expect((await place.dwh(['prune', '--keep-yearly', '1'], { env })).stdout).toContain('Would remove 1 day')
  const wrong = await place.dwh(['prune'], { env: { DWH_KEEP_DAILY: 'all' } })
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('DWH_KEEP_DAILY: expected a number') })
  await writeFile(join(place.folder, 'dwh.yaml'), 'keep: { dayly: 1 }\n')
  expect((await place.dwh(['prune'])).stderr).toContain('Did you mean daily?')
})
