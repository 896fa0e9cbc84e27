import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { workplace } from './test-support.ts'

/** Copies the file of the extension into a folder, as a user without network access would, and returns its path. */
async function bring(folder: string): Promise<string> {
  const from = await duckdbExtensions()
  const version = (await readdir(from)).find((name) => name.startsWith('v')) ?? ''
  const path = join(folder, 'postgres_scanner.duckdb_extension')
  await copyFile(join(from, version, 'linux_amd64', 'postgres_scanner.duckdb_extension'), path)
  return path
}

const LARGE = `CREATE TABLE large (id int PRIMARY KEY, t text, n numeric, amount numeric(10,2));
  INSERT INTO large SELECT i, repeat('x', 200), i / 8.0, i FROM generate_series(1, 60000) i;
  CREATE TABLE small AS SELECT 1 AS i; ANALYZE`

describe('the extension that reads Postgres', () => {
  test('installed from a file: a run uses it for large tables, and names the tables that do not use it', async () => {
    const { url, query } = await testDatabase(LARGE)
    const { folder, dwh } = await workplace({ DATABASE_URL: url, DWH_EXTENSIONS: 'extensions' })
    const before = await dwh(['run', '--json'])
    expect(before.stderr).toContain('used COPY instead of the faster DuckDB reader: large: DuckDB extension postgres')
    expect(JSON.parse(before.stdout).tables).toMatchObject({ large: { method: 'copy' }, small: { method: 'copy' } })
    const added = await dwh(['extensions', 'add', 'postgres', '--from', await bring(folder)])
    expect(added, added.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^postgres +\/.*postgres_scanner/m),
    })
    const after = await dwh(['run', '--json', '--full-refresh'])
    expect(JSON.parse(after.stdout).tables, after.stderr).toMatchObject({
      large: { method: 'native' },
      small: { method: 'copy' },
    })
    const all = await dwh(['run', '--json', '--full-refresh'], { env: { DWH_EXTRACT: 'native' } })
    expect(JSON.parse(all.stdout).tables, all.stderr).toMatchObject({
      large: { method: 'native' },
      small: { method: 'native' },
    })
    const answer = await dwh([
      'query',
      '--json',
      'SELECT count(*) n, sum(n) s, sum(amount) a, typeof(any_value(n)) t FROM large',
    ])
    expect(JSON.parse(answer.stdout)).toEqual([{ n: 60000, s: 225003750.0, a: 1800030000, t: 'DECIMAL(38,3)' }])

    await query(`UPDATE large SET amount = 'NaN' WHERE id = 7`)
    const refused = await dwh(['run'], { env: { DWH_EXTRACT: 'native' } })
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('column amount: "NaN" is not a value of DECIMAL(10,2) (row with id=7)'),
    })
    await writeFile(join(folder, 'dwh.yaml'), 'tables: { large: { columns: { types: { amount: nullify } } } }')
    const chosen = await dwh(['run', '--json'], { env: { DWH_EXTRACT: 'native' } })
    expect(JSON.parse(chosen.stdout), chosen.stderr).toMatchObject({
      tables: { large: { method: 'native' } },
      lossy_conversions: { large: { amount: { choice: 'nullify', values: 1 } } },
    })
    expect(chosen.stderr).toContain('- large: column amount: 1 value stored as NULL')
  })

  test('not an extension, or for another platform: refused', async () => {
    const { folder, dwh } = await workplace({ DWH_EXTENSIONS: 'extensions' })
    await mkdir(join(folder, 'nothing'))
    await writeFile(join(folder, 'x.duckdb_extension'), 'none')
    for (const from of ['x.duckdb_extension', 'nothing', 'http://127.0.0.1:1']) {
      const added = await dwh(['extensions', 'add', 'postgres', '--from', from])
      expect(added, from).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: extension postgres_scanner: .*\n {2}It is for DuckDB v/),
      })
    }
    const missing = await dwh(['extensions', 'add', 'postgres', '--from', './no.duckdb_extension.gz'])
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('file not found') })
    expect((await dwh(['extensions', '--json'])).stdout).toContain('"installed": false')
    const native = await dwh(['run'], { env: { DATABASE_URL: (await testDatabase(LARGE)).url, DWH_EXTRACT: 'native' } })
    expect(native).toMatchObject({ code: 1, stderr: expect.stringContaining('dwh extensions add postgres') })
  })
})
