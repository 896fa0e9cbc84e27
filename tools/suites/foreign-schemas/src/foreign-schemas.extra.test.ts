import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  builtProgram,
  npmPackages,
  pythonEnvironment,
  type TestDatabase,
  temporaryFolder,
  testDatabase,
} from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'

/*
 * Schemas made by the migrations of published packages: job queues, a content management system, an ERP system. The
 * command line copies each, and the test queries every table through it. Needs Python and registries, so it is a suite:
 * not part of `npm test`, required in CI.
 */

const run = promisify(execFile)
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const dwh = await builtProgram('dwh')
const MIGRATION_TIMEOUT_MS = 600_000

const packagesOfPython = async () =>
  pythonEnvironment('python-schemas', await readFile(here('../requirements.txt'), 'utf8'))

describe.each<{ name: string; atLeast: number; make: (database: TestDatabase) => Promise<void> }>([
  { name: 'pg-boss', atLeast: 5, make: (database) => jobQueues(database, 'first') },
  { name: 'graphile-worker', atLeast: 5, make: (database) => jobQueues(database, 'second') },
  { name: 'Wagtail, by the migrations of Django', atLeast: 50, make: wagtail },
  { name: 'Tryton, an ERP system', atLeast: 200, make: tryton },
])('$name', ({ atLeast, make }) => {
  test(
    `every table arrives, with the values of Postgres`,
    async () => {
      const database = await testDatabase()
      await make(database)
      const storage = await temporaryFolder()
      const env = { PATH: process.env.PATH, DATABASE_URL: database.url, DWH_STORAGE: storage }
      await run(process.execPath, [dwh, 'run'], { env, cwd: storage, maxBuffer: 1e8 })

      const tables = await columnsInPostgres(database)
      expect(tables.length).toBeGreaterThanOrEqual(atLeast)
      const sql = join(storage, 'question.sql')
      await writeFile(sql, question(tables, inDuckDB))
      const { stdout } = await run(process.execPath, [dwh, 'query', '--file', sql, '--format', 'json'], {
        env,
        cwd: storage,
        maxBuffer: 1e9,
      })
      const { rows } = await database.query(question(tables, inPostgres))
      expect(JSON.parse(stdout).map(asText)).toEqual(rows.map(asText))
      expect(rows.some(({ digest }) => digest !== null)).toBe(true)
    },
    MIGRATION_TIMEOUT_MS,
  )
})

interface Table {
  readonly schema: string
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

async function columnsInPostgres(database: TestDatabase): Promise<Table[]> {
  const { rows } = await database.query(`
    SELECT n.nspname AS schema, c.relname AS name,
      json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL)) ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    GROUP BY 1, 2 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`)
  return rows
}

/** Returns one statement over all tables: the number of rows of each, and a digest of each column. */
function question(tables: readonly Table[], dialect: (column: string, type: string) => string): string {
  const selects = tables.map(({ schema, name, columns }) => {
    const from = schema === 'public' ? quote(name) : `${quote(schema)}.${quote(name)}`
    const values = columns.map((column) => `count(${quote(column.name)}), ${dialect(quote(column.name), column.type)}`)
    return `SELECT '${schema}.${name}' AS name, count(*) AS rows, concat_ws(' ', ${values.join(', ')}) AS digest FROM ${from}`
  })
  return `SELECT name, rows, digest FROM (${selects.join('\nUNION ALL\n')}) AS every_table ORDER BY name`
}

/** Returns an aggregate that Postgres and DuckDB print alike. */
function inPostgres(column: string, type: string): string {
  if (/^(smallint|integer|bigint|numeric)/.test(type)) return `trim_scale(sum(${column})::numeric)`
  if (/^(text|character varying|json|jsonb|uuid)/.test(type)) return `sum(octet_length(${column}::text))`
  if (type === 'boolean') return `sum(${column}::int)`
  if (/^(date|timestamp)/.test(type)) return `max((extract(epoch FROM ${column}) * 1000000)::int8)`
  return `NULL`
}

function inDuckDB(column: string, type: string): string {
  if (/^(smallint|integer|bigint)/.test(type)) return `sum(${column})`
  // a numeric without a precision is stored as text, so no sum of doubles can be trusted
  if (type === 'numeric') return `regexp_replace(sum(${column}::DECIMAL(38,10))::VARCHAR, '\\.?0+$', '')`
  if (/^(text|character varying|json|jsonb|uuid)/.test(type)) return `sum(strlen(${column}::VARCHAR))`
  if (type === 'boolean') return `sum(${column}::INTEGER)`
  if (/^(date|timestamp)/.test(type)) return `max(epoch_us(${column}))`
  return `NULL`
}

function asText(row: { name: string; rows: unknown; digest: string | null }): string {
  return `${row.name}: ${row.rows} rows, ${row.digest}`
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

async function tryton(database: TestDatabase): Promise<void> {
  const environment = await packagesOfPython()
  const folder = await temporaryFolder()
  const url = database.url.replace(/^postgres:/, 'postgresql:').replace(/\/[^/]*$/, '')
  await writeFile(join(folder, 'trytond.conf'), `[database]\nuri = ${url}\n`)
  await writeFile(join(folder, 'password'), 'only for this test\n')
  const [python] = (await readdir(join(environment, 'lib'))).filter((name) => name.startsWith('python'))
  const modules = await readdir(join(environment, 'lib', python ?? '', 'site-packages/trytond/modules'))
  const env = { ...process.env, TRYTONPASSFILE: join(folder, 'password') }
  const admin = (...args: string[]) =>
    run(join(environment, 'bin/trytond-admin'), ['-c', join(folder, 'trytond.conf'), '-d', database.name, ...args], {
      env,
    })
  await admin('--email', 'admin@example.test', '--all', '-u', 'ir', 'res')
  await admin('--activate-dependencies', '-u', ...modules.filter((name) => !name.startsWith('_')))
}

async function wagtail(database: TestDatabase): Promise<void> {
  const environment = await packagesOfPython()
  const { hostname, port, username, password } = new URL(database.url)
  const env = {
    ...process.env,
    DJANGO_SETTINGS_MODULE: 'settings',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONPATH: here('wagtail'),
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: database.name,
  }
  await run(join(environment, 'bin/python'), ['-m', 'django', 'migrate', '--verbosity', '0'], { env })
}

async function jobQueues(database: TestDatabase, which: 'first' | 'second'): Promise<void> {
  const folder = await npmPackages('job-queues', ['pg-boss@10.4.2', 'graphile-worker@0.16.6'])
  const other = await testDatabase()
  const urls = which === 'first' ? [database.url, other.url] : [other.url, database.url]
  await run(process.execPath, [here('job-queues.mjs'), ...urls], { cwd: folder })
}
