import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { loadConfig } from './index.ts'

async function load(yaml: string, env: Record<string, string> = {}, flags = {}) {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'dwh.yaml'), yaml)
  return (await loadConfig(flags, { env, cwd, home: cwd, tmp: cwd })).selection
}

test('readers: a list or a text with commas, for the warehouse and for a table', async () => {
  const yaml =
    'readers: [spark, polars, spark]\ntables: { orders: { readers: "pandas, spark" }, plain: { readers: [] } }\n'
  expect(await load(yaml)).toMatchObject({
    readers: ['spark', 'polars'],
    tables: { orders: { readers: ['pandas', 'spark'] }, plain: { readers: [] } },
  })
})

test('readers: a flag before the variable before the file', async () => {
  const env = { DWH_READERS: 'clickhouse,duckdb' }
  expect((await load('readers: [spark]', env)).readers).toEqual(['clickhouse', 'duckdb'])
  expect((await load('readers: [spark]', env, { readers: 'pyarrow' })).readers).toEqual(['pyarrow'])
})

test.each([
  ['readers: [sparkle]\n', {}, /dwh\.yaml:1: readers.*expected some of clickhouse, /],
  ['tables: { t: { readers: bigquery } }\n', {}, /dwh\.yaml:1: tables\.t\.readers: expected some of clickhouse, /],
  ['', { DWH_READERS: 'spark;polars' }, /^DWH_READERS: expected some of clickhouse, /],
])('readers: an unknown name in %j and %j: refused with the known ones', async (yaml, env, message) => {
  await expect(load(yaml, env)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  })
})
