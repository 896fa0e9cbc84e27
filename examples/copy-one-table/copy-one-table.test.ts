import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startChild, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('./copy-one-table.mjs', import.meta.url))

test('one table: copied to one file with three packages', async () => {
  const database = await testDatabase(`
    CREATE TABLE orders (id int PRIMARY KEY, paid numeric(10,2), placed timestamptz, note text);
    INSERT INTO orders SELECT n, n * 1.10, '2026-02-18Z'::timestamptz + n * interval '1 minute', nullif('note ' || n, 'note 7')
      FROM generate_series(1, 5000) AS n`)
  const folder = await temporaryFolder()
  const child = startChild(program, [database.url, 'orders', folder])
  expect(await child.ended, child.output()).toBe(0)

  const path = `${folder}/orders.parquet`
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  expect(child.output()).toBe(`5000 rows in ${path}, SHA-256 ${sha256}\n`)
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors })
  expect(rows).toHaveLength(5000)
  expect(rows[6]).toEqual({ id: 7, paid: 7.7, placed: new Date('2026-02-18T00:07:00Z'), note: null })
})

test('table does not exist: error, no file, and the process ends', async () => {
  const database = await testDatabase('CREATE TABLE orders (id int)')
  const child = startChild(program, [database.url, 'customers', await temporaryFolder()])
  expect(await child.ended).toBe(1)
  expect(child.output()).toContain('no table customers')
})

test('program: fits on half a screen', async () => {
  const source = await readFile(program, 'utf8')
  expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(24)
})
