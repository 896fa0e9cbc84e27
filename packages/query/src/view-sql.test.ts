import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TableEntry } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { duckdb } from './test-support.ts'
import { viewsSql } from './views-script.ts'

test('views: a folder whose name is a pattern, or looks like a partition, is a folder', async () => {
  const root = await temporaryFolder()
  // without escaping, the pattern would also match the other folders
  for (const [folder, value] of [
    ['day=1/[ab]*', 1],
    ['day=1/a', 2],
    ['day=1/bb', 3],
  ] as const) {
    await mkdir(join(root, folder), { recursive: true })
    await duckdb(`COPY (SELECT ${value} AS id) TO '${root}/${folder}/t?.parquet'`)
  }
  const entry = { columns: [{ name: 'id' }], files: [{ key: 't?.parquet' }] } as unknown as TableEntry
  const sql = viewsSql({ t: entry }, (key) => join(root, 'day=1/[ab]*', key))
  expect(await duckdb(sql, 'SELECT * FROM t')).toEqual([[1]])
  // only `id`, without a column from the name of the folder
  const all = viewsSql({ t: { ...entry, columns: [{ name: 'day' }] } as unknown as TableEntry }, (key) =>
    join(root, 'day=1/a', key),
  )
  await expect(duckdb(all, 'SELECT * FROM t')).rejects.toThrow('day')
})
