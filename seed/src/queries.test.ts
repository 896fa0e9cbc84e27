import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { beforeAll, describe, expect, test } from 'vitest'
import { listQueries, type SeedQuery, seedDatabase } from './index.ts'
import { type Answer, askDuckdb, askPostgres, saveDay } from './test-support.ts'

const DUCKDB_ONLY = 'new-between-days'

let queries: SeedQuery[]

beforeAll(async () => {
  queries = await listQueries()
})

function query(name: string): string {
  const found = queries.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`no query ${name}`)
  return found.sql
}

/** Returns the answers of both engines to every query except the last; fails if they differ. */
async function askBoth(sql: string, timeZone = 'UTC'): Promise<Map<string, Answer>> {
  const database = await testDatabase(sql)
  const files = await saveDay(database, await temporaryFolder(), '2026-02-18')
  const answers = new Map<string, Answer>()
  for (const { name, sql } of queries) {
    if (name === DUCKDB_ONLY) continue
    const answer = await askPostgres(database, sql, timeZone)
    expect({ name, ...(await askDuckdb(files, sql, { timeZone })) }).toEqual({ name, ...answer })
    answers.set(name, answer)
  }
  return answers
}

/** Returns the SQL of the example. */
async function example(number: number, scale: number): Promise<string> {
  let text = ''
  await seedDatabase(
    async (sql) => {
      text = sql
    },
    { number, scale },
  )
  return text
}

describe('Postgres and DuckDB give the same rows', () => {
  test.each([
    [1, 1, 'UTC'],
    [2, 1, 'UTC'],
    [3, 1, 'America/New_York'],
    [4, 7, 'Pacific/Kiritimati'],
    [5, 40, 'UTC'],
  ])('number %i, scale %i, time zone %s', async (number, scale, timeZone) => {
    const answers = await askBoth(await example(number, scale), timeZone)
    for (const [name, { rows }] of answers) expect(rows.length, name).toBeGreaterThan(0)
  })
})

test('number 1: no answer is empty or trivial', async () => {
  const answers = await askBoth(await example(1, 1))
  const column = (name: string, index: number) => answers.get(name)?.rows.map((row) => row[index])
  const numbers = (name: string, index: number) => column(name, index)?.map(Number) ?? []
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)

  expect(Object.fromEntries([...answers].map(([name, { rows }]) => [name, rows.length]))).toEqual({
    'revenue-by-month': 13,
    'revenue-by-plan': 4,
    'top-customers': 10,
    'feature-usage': 6,
    exports: 4,
    'monthly-actives': 14,
    'event-types': 5,
    'new-customers-per-day': 45,
    churn: 5,
  })
  expect(sum(numbers('revenue-by-month', 2))).toBeCloseTo(sum(numbers('revenue-by-plan', 3)), 2)
  expect(column('revenue-by-plan', 0)).toEqual(['enterprise', 'pro', 'starter', 'free'])
  expect(numbers('top-customers', 5)).toEqual([...numbers('top-customers', 5)].sort((a, b) => b - a))
  expect(column('feature-usage', 0)?.[0]).toBe('dashboards')
  expect(column('exports', 0)?.sort()).toEqual(['csv', 'json', 'parquet', 'xlsx'])
  expect(sum(numbers('event-types', 1))).toBe(649)
  expect(sum(numbers('event-types', 2))).toBeCloseTo(100, 0)
  expect(numbers('new-customers-per-day', 2).at(-1)).toBe(50)
  expect(numbers('monthly-actives', 1).at(-1)).toBeGreaterThan(30)
  for (const days of numbers('churn', 4)) expect(days).toBeGreaterThanOrEqual(90)
})

/** A small company whose answers were computed by hand. */
const BY_HAND = `
  CREATE TABLE customers (id bigint PRIMARY KEY, name text, country text, email text, metadata jsonb, created_at timestamptz);
  CREATE TABLE orders (id bigint, customer_id bigint, amount numeric(10,2), status text, created_at timestamptz);
  CREATE TABLE events (id bigint, customer_id bigint, type text, payload jsonb, occurred_at timestamptz);
  INSERT INTO customers VALUES
    (1, 'Ada', 'DE', 'ada@example.com', '{"plan": "pro", "company": {"size": 2}}', '2025-03-31T23:59:59.999999Z'),
    (2, 'Bo', NULL, 'bo@example.com', '{"plan": "free"}', '2025-03-31T00:00:00Z'),
    (3, 'Chen', 'US', 'chen@example.com', '{"plan": "pro"}', '2025-04-01T00:00:00Z'),
    (4, 'Dee', 'US', 'dee@example.com', '{"plan": "starter"}', '2025-04-01T12:00:00Z'),
    (5, 'Eli', 'FR', 'eli@example.com', '{"plan": null}', '2025-05-01T00:00:00Z'),
    (6, 'Flo', 'FR', 'flo@example.com', '{}', '2025-05-01T00:00:01Z');
  INSERT INTO orders VALUES
    (1, 1, 1.00, 'paid', '2025-04-30T23:59:59.999999Z'),
    (2, 1, 1.01, 'paid', '2025-05-01T00:00:00Z'),
    (3, 2, 5.00, 'paid', '2025-05-02T00:00:00Z'),
    (4, 3, 9.99, 'refunded', '2025-06-01T00:00:00Z'),
    (5, 4, 7.00, 'pending', '2025-07-01T00:00:00Z'),
    (6, 5, 5.00, 'paid', '2025-05-03T00:00:00Z'),
    (7, 6, 2.00, 'paid', '2025-05-03T00:00:00Z');
  INSERT INTO events VALUES
    (1, 1, 'export', '{"format": "csv", "rows": 10}', '2025-06-02T12:00:00Z'),
    (2, 1, 'export', '{"format": "csv", "rows": 99, "error": {"code": "timeout"}}', '2025-06-02T11:00:00Z'),
    (3, 3, 'export', '{"format": "xlsx", "rows": 7, "error": {"code": "full"}}', '2025-06-02T11:59:59.999999Z'),
    (4, 3, 'export', '{"format": null}', '2025-05-02T00:00:00Z'),
    (5, 2, 'feature_used', '{"feature": "search", "seconds": 0.25}', '2025-05-31T23:59:59.999999Z'),
    (6, 2, 'feature_used', '{"feature": "search"}', '2025-05-30T00:00:00Z'),
    (7, 1, 'feature_used', '{"feature": "api"}', '2025-05-30T00:00:00Z'),
    (8, 1, 'feature_used', '{"feature": "api", "seconds": 12}', '2025-05-31T00:00:00Z'),
    (9, NULL, 'page_view', '{"path": "/"}', '2025-06-01T00:00:00Z'),
    (10, NULL, 'page_view', NULL, '2025-08-31T12:00:00Z');`

const BY_HAND_ANSWERS: Record<string, (string | null)[][]> = {
  'revenue-by-month': [
    ['2025-04-01', '1', '1.00', '0.00'],
    ['2025-05-01', '4', '13.01', '0.00'],
    ['2025-06-01', '0', '0.00', '9.99'],
    ['2025-07-01', '0', '0.00', '0.00'],
  ],
  // half a cent is rounded up; customers without a plan come last
  'revenue-by-plan': [
    [null, '2', '2', '7.00', '3.50'],
    ['free', '1', '1', '5.00', '5.00'],
    ['pro', '1', '2', '2.01', '1.01'],
  ],
  'top-customers': [
    ['2', 'Bo', null, 'free', '1', '5.00'],
    ['5', 'Eli', 'FR', null, '1', '5.00'],
    ['1', 'Ada', 'DE', 'pro', '2', '2.01'],
    ['6', 'Flo', 'FR', null, '1', '2.00'],
  ],
  'feature-usage': [
    ['api', '2', '1', '12.00', '2025-05-31 00:00:00+00'],
    ['search', '2', '1', '0.25', '2025-05-31 23:59:59.999999+00'],
  ],
  exports: [
    ['csv', '2', '1', '1', '10', '10'],
    ['xlsx', '1', '1', '1', null, null],
    [null, '1', '0', '1', null, null],
  ],
  'monthly-actives': [
    ['2025-05-01', '3', '5'],
    ['2025-06-01', '2', '3'],
    ['2025-08-01', '0', '0'],
  ],
  'event-types': [
    ['export', '4', '40.0', '0', '0', '2025-05-02 00:00:00+00', '2025-06-02 12:00:00+00'],
    ['feature_used', '4', '40.0', '0', '0', '2025-05-30 00:00:00+00', '2025-05-31 23:59:59.999999+00'],
    ['page_view', '2', '20.0', '2', '1', '2025-06-01 00:00:00+00', '2025-08-31 12:00:00+00'],
  ],
  'new-customers-per-day': [
    ['2025-03-31', '2', '2'],
    ['2025-04-01', '2', '4'],
    ['2025-05-01', '2', '6'],
  ],
  // Ada was last there exactly 90 days before, Chen a microsecond earlier, Dee never
  churn: [
    ['3', 'Chen', 'pro', '2025-06-02 11:59:59.999999+00', '90', '0.00'],
    ['4', 'Dee', 'starter', '2025-04-01 12:00:00+00', '152', '0.00'],
  ],
}

test('a company with answers computed by hand: the same answers', async () => {
  for (const timeZone of ['UTC', 'America/New_York', 'Asia/Tokyo']) {
    const answers = await askBoth(BY_HAND, timeZone)
    expect(Object.fromEntries([...answers].map(([name, { rows }]) => [name, rows]))).toEqual(BY_HAND_ANSWERS)
  }
})

test('a company without rows: no answers, no errors', async () => {
  const answers = await askBoth(BY_HAND.slice(0, BY_HAND.indexOf('INSERT')))
  for (const { rows } of answers.values()) expect(rows).toEqual([])
})

describe('new between two days', () => {
  test('the ANTI JOIN of two files: same rows as Postgres with a copy of the older day', async () => {
    const folder = await temporaryFolder()
    const database = await testDatabase(await example(1, 1))
    const older = await saveDay(database, folder, '2026-02-17')
    await database.query(`CREATE SCHEMA kept;
      CREATE TABLE kept.customers AS TABLE customers;
      DELETE FROM events WHERE customer_id = 3; DELETE FROM orders WHERE customer_id = 3; DELETE FROM customers WHERE id = 3;
      UPDATE customers SET metadata = metadata || '{"plan": "pro"}' WHERE id = 4;
      INSERT INTO customers (email, name, metadata, created_at) VALUES
        ('new@example.com', 'New', '{"plan": "starter"}', '2026-03-01T08:00:00.000001Z'),
        ('newer@example.com', 'Newer', '{}', '2026-03-01T09:00:00Z')`)
    const newer = await saveDay(database, folder, '2026-02-18')
    expect(newer.customers).toMatch(/\/customers\/2026\/02\/18\.parquet$/)
    const paths = { older: older.customers as string, newer: newer.customers as string }

    const came = await askDuckdb({}, query(DUCKDB_ONLY), { variables: paths })
    expect(came).toEqual(await askPostgres(database, between('customers', 'kept.customers')))
    expect(came.rows).toEqual([
      ['51', 'new@example.com', 'starter', '2026-03-01 08:00:00.000001+00'],
      ['52', 'newer@example.com', null, '2026-03-01 09:00:00+00'],
    ])

    const exchanged = { older: paths.newer, newer: paths.older }
    const gone = await askDuckdb({}, query(DUCKDB_ONLY), { variables: exchanged })
    expect(gone).toEqual(await askPostgres(database, between('kept.customers', 'customers')))
    expect(gone.rows.map(([id]) => id)).toEqual(['3'])
  })

  test('two equal days: no new customers', async () => {
    const files = await saveDay(await testDatabase(await example(1, 1)), await temporaryFolder(), '2026-02-18')
    const path = files.customers as string
    expect((await askDuckdb({}, query(DUCKDB_ONLY), { variables: { older: path, newer: path } })).rows).toEqual([])
  })
})

/** The query for Postgres that is equivalent to the ANTI JOIN. */
function between(newer: string, older: string): string {
  return `SELECT id, email, metadata ->> 'plan' AS plan, created_at FROM ${newer} AS newer
    WHERE NOT EXISTS (SELECT FROM ${older} AS older WHERE older.id = newer.id) ORDER BY id`
}
