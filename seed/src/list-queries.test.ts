import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { listQueries } from './index.ts'

async function folderWith(queries: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'queries'))
  for (const [name, sql] of Object.entries(queries)) await writeFile(join(folder, 'queries', name), sql)
  return folder
}

test('listQueries: in reading order, each with its title', async () => {
  const queries = await listQueries()
  expect(queries.map(({ name, title }) => `${name}: ${title}`)).toEqual([
    'revenue-by-month: Revenue by month',
    'revenue-by-plan: Revenue by plan',
    'top-customers: Top ten customers by revenue',
    'feature-usage: Feature usage',
    'exports: Exports by format',
    'monthly-actives: Monthly active customers',
    'event-types: Event types',
    'new-customers-per-day: New customers per day',
    'churn: Churn: paying customers silent for 90 days',
    'new-between-days: Customers who are new between two days',
  ])
  for (const { sql } of queries) expect(sql.trimEnd()).toMatch(/;$/)
})

test('README: lists all queries', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const listed = [...readme.matchAll(/^\| `([a-z-]+)` +\| ([^|`]*\S) +\|$/gm)].map(([, name, title]) => ({
    name,
    title,
  }))
  expect(listed).toEqual((await listQueries()).map(({ name, title }) => ({ name, title })))
})

test('listQueries: queries without a place in the order come last, by name', async () => {
  const folder = await folderWith({
    'b.sql': '-- B\r\nSELECT 2;\r\n',
    'a.sql': '-- A\nSELECT 1;\n',
    'churn.sql': '-- Churn\nSELECT 0;\n',
    'notes.txt': 'not a query',
  })
  expect(await listQueries(folder)).toEqual([
    { name: 'churn', title: 'Churn', sql: '-- Churn\nSELECT 0;\n' },
    { name: 'a', title: 'A', sql: '-- A\nSELECT 1;\n' },
    { name: 'b', title: 'B', sql: '-- B\r\nSELECT 2;\r\n' },
  ])
})

test('a query without a title: error with its name', async () => {
  const folder = await folderWith({ 'untitled.sql': 'SELECT 1;\n' })
  await expect(listQueries(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'query untitled.sql: no title on the first line',
  })
})

test.each(['absent', 'empty'])('a folder that is %s: error with its path', async (state) => {
  const folder = state === 'empty' ? await folderWith({}) : join(await temporaryFolder(), 'absent')
  await expect(listQueries(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(join(folder, 'queries')),
    context: { path: join(folder, 'queries') },
  })
})
