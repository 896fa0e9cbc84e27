import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { workplace } from '../test-support.ts'

async function warehouse() {
  const { url } = await testDatabase(
    'CREATE TABLE orders (id int PRIMARY KEY, total numeric(10,2)); CREATE SCHEMA billing; CREATE TABLE billing.bills (i int)',
  )
  const place = await workplace({ DATABASE_URL: url })
  expect((await place.dwh(['run', '--date', '2026-02-18'])).code).toBe(0)
  return place
}

test('schema: statements of the named tables, and as JSON', async () => {
  const { dwh } = await warehouse()
  expect((await dwh(['schema', 'orders'])).stdout).toBe(`-- 0 rows of 2026-02-18, from public.orders
CREATE TABLE orders (
  id    INTEGER NOT NULL,  -- integer
  total DECIMAL(10,2),     -- numeric(10,2)
  PRIMARY KEY (id)
);
`)
  expect((await dwh(['schema'])).stdout).toMatch(
    /^CREATE SCHEMA IF NOT EXISTS "billing";\n\n-- .*\nCREATE TABLE billing\.bills/,
  )
  expect(JSON.parse((await dwh(['schema', '--json', 'billing.*'])).stdout)).toEqual([
    {
      name: 'billing.bills',
      columns: [{ name: 'i', type: 'INTEGER', nullable: true, source_type: 'integer' }],
      primary_key: [],
      sql: expect.stringContaining('CREATE TABLE billing.bills'),
    },
  ])
  expect(await dwh(['schema', 'nothing'])).toMatchObject({ code: 2, stderr: expect.stringContaining('no such table') })
})

test('open: starts duckdb with the views and returns its exit code; without duckdb: says so', async () => {
  const { dwh, folder, temp } = await warehouse()
  const bin = join(folder, 'bin')
  await mkdir(bin)
  expect(await dwh(['open'], { env: { PATH: bin } })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error: open: duckdb is not on PATH\n {2}.*duckdb\.org\/install.*`dwh shell`/),
  })
  const duckdb = join(bin, 'duckdb')
  const script = ['#!/bin/sh', 'echo "$1" "$3"', 'file=$(echo "$2" | cut -d "\'" -f 2)', 'cat "$file"', 'exit 7', '']
  await writeFile(duckdb, script.join('\n'))
  await chmod(duckdb, 0o755)
  const opened = await dwh(['open', '--ui'], { env: { PATH: `${bin}:${process.env.PATH}` } })
  expect(opened.code).toBe(7)
  expect(opened.stdout).toMatch(/^-cmd -ui\n-- Views of run [\s\S]*CREATE OR REPLACE VIEW .*"orders" AS/)
  expect(await readdir(temp)).toEqual([])
})

test('version: of dwh, DuckDB, Node and the platform', async () => {
  const { dwh } = await workplace()
  expect((await dwh(['version'])).stdout).toMatch(/^dwh +\d\S+\nduckdb +\d\S+\nnode +\d\S+\nplatform +\w+ \w+\n$/)
  expect(JSON.parse((await dwh(['version', '--json'])).stdout)).toMatchObject({ node: process.versions.node })
})
