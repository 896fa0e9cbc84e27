import { chmod, readFile } from 'node:fs/promises'
import {
  createDatabase,
  POSTGRES_VERSIONS,
  serverUrl,
  startTestServer,
  type TestDatabase,
  temporaryFolder,
  testDatabase,
  withClient,
} from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MAX_SCALE, type SeedOptions, seedDatabase } from './index.ts'

/** The rows of seed number 1, printed and hashed. The hash changes only when the example is changed. */
const HASH_OF_NUMBER_1 = 'b1b2b385616b4d4f5d01ae6ee5052304'

async function seeded(options?: SeedOptions): Promise<TestDatabase> {
  const database = await testDatabase()
  await seedDatabase(database.query, options)
  return database
}

async function one(database: TestDatabase, select: string): Promise<Record<string, unknown>> {
  return (await database.query(select)).rows[0]
}

/** Returns a hash of every row, in the order of its table, independent of settings of the session and the database. */
async function hash(database: TestDatabase): Promise<string> {
  return withClient(database.url, async (client) => {
    await client.query("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'")
    const result = await client.query(`SELECT md5(string_agg(row, chr(10) ORDER BY place, id)) AS hash FROM (
      SELECT 1, id, customers::text FROM customers
      UNION ALL SELECT 2, id, orders::text FROM orders
      UNION ALL SELECT 3, id, events::text FROM events
    ) AS rows (place, id, row)`)
    return result.rows[0].hash
  })
}

/** Runs the files as psql does, and as a Postgres container does on its first start. */
async function runFiles(client: { query(sql: string): Promise<unknown> }): Promise<void> {
  for (const name of ['01-schema', '02-data']) {
    await client.query(await readFile(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8'))
  }
}

/**
 * Runs each statement by itself and continues after errors, as psql does by default. A statement ends before the next
 * line that begins at the margin.
 */
async function runEachStatement(client: { query(sql: string): Promise<unknown> }, name: string): Promise<string[]> {
  const text = await readFile(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8')
  const errors: string[] = []
  for (const statement of text.split(/(?<=;)\n+(?=(?!BEGIN|END)\S)/)) {
    await client.query(statement).catch((error: Error) => errors.push(error.message))
  }
  return errors
}

const COUNTS = `SELECT (SELECT count(*)::int FROM customers) AS customers,
  (SELECT count(*)::int FROM orders) AS orders, (SELECT count(*)::int FROM events) AS events`

describe('content', () => {
  test('50 customers, about 120 orders, several hundred events', async () => {
    expect(await one(await seeded(), COUNTS)).toEqual({ customers: 50, orders: 115, events: 649 })
  })

  test('other numbers: about as many rows, and at least one silent paying customer', async () => {
    for (const number of [0, 2, 3, 4, 5, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      const database = await seeded({ number })
      const counts = await one(database, COUNTS)
      expect(counts.customers).toBe(50)
      expect(counts.orders).toSatisfy((n: number) => n >= 95 && n <= 155)
      expect(counts.events).toSatisfy((n: number) => n >= 550 && n <= 750)
      const silent = await one(
        database,
        `SELECT count(*)::int AS customers FROM customers c WHERE metadata ->> 'plan' <> 'free' AND
           (SELECT max(occurred_at) FROM events WHERE customer_id = c.id) < (SELECT max(occurred_at) FROM events) - interval '90 days'`,
      )
      expect(silent.customers).toSatisfy((n: number) => n >= 3 && n <= 10)
    }
  })

  test('events: grow from January 2025 to the last day of February 2026', async () => {
    const database = await seeded()
    const quarters =
      await database.query(`SELECT date_trunc('quarter', occurred_at AT TIME ZONE 'UTC')::date::text AS quarter,
      count(*)::int AS events, count(DISTINCT customer_id)::int AS customers FROM events GROUP BY 1 ORDER BY 1`)
    expect(quarters.rows.map((row) => row.quarter)).toEqual([
      '2025-01-01',
      '2025-04-01',
      '2025-07-01',
      '2025-10-01',
      '2026-01-01',
    ])
    // the last quarter has only two months
    expect(quarters.rows.map((row) => row.events).slice(0, 4)).toEqual(
      quarters.rows
        .map((row) => row.events as number)
        .slice(0, 4)
        .sort((a, b) => a - b),
    )
    expect(quarters.rows.at(-1).customers).toBeGreaterThan(3 * quarters.rows[0].customers)
    const range = `SELECT min(at) >= '2025-01-01T00:00:00Z' AND max(at) < '2026-03-01T00:00:00Z' AND max(at) > '2026-02-28T00:00:00Z' AS inside
      FROM (SELECT created_at FROM customers UNION ALL SELECT created_at FROM orders UNION ALL SELECT occurred_at FROM events) AS moments (at)`
    expect(await one(database, range)).toEqual({ inside: true })
  })

  test('metadata: four plans, keys that some lack, nulls of both kinds', async () => {
    const database = await seeded()
    const plans = await database.query(
      `SELECT metadata ->> 'plan' AS plan, count(*)::int AS customers FROM customers GROUP BY 1 ORDER BY 2 DESC`,
    )
    expect(plans.rows).toEqual([
      { plan: 'free', customers: 20 },
      { plan: 'starter', customers: 15 },
      { plan: 'pro', customers: 10 },
      { plan: 'enterprise', customers: 5 },
    ])
    const some = await one(
      database,
      `SELECT ${['seats', 'company', 'billing', 'tags', 'referrer', 'sso'].map((key) => `count(metadata -> '${key}')::int AS ${key}`)},
         count(country)::int AS country,
         count(*) FILTER (WHERE metadata -> 'billing' -> 'vat_id' = 'null')::int AS json_null FROM customers`,
    )
    for (const customers of Object.values(some)) {
      expect(customers).toBeGreaterThan(0)
      expect(customers).toBeLessThan(50)
    }
  })

  test('events: each type has its own payload; some have none, some no customer', async () => {
    const database = await seeded()
    const shapes = await database.query(`SELECT type, count(*) FILTER (WHERE payload IS NULL)::int AS without,
        array_agg(DISTINCT (SELECT string_agg(key || ':' || jsonb_typeof(value), ' ' ORDER BY key COLLATE "C") FROM jsonb_each(payload))) AS shapes
      FROM events GROUP BY type ORDER BY type`)
    expect(shapes.rows).toEqual([
      { type: 'export', without: 0, shapes: ['error:object format:string rows:number', 'format:string rows:number'] },
      { type: 'feature_used', without: 0, shapes: ['feature:string', 'feature:string seconds:number'] },
      { type: 'invite', without: 0, shapes: ['emails:array role:string'] },
      { type: 'login', without: expect.toSatisfy((n: number) => n > 0), shapes: ['device:object method:string', null] },
      { type: 'page_view', without: 0, shapes: ['path:string referrer:null', 'path:string referrer:string'] },
    ])
    const visitors = await database.query('SELECT DISTINCT type FROM events WHERE customer_id IS NULL')
    expect(visitors.rows).toEqual([{ type: 'page_view' }])
    const micros = 'SELECT count(*)::int AS n FROM events WHERE extract(microseconds FROM occurred_at)::int % 1000 <> 0'
    expect((await one(database, micros)).n).toBeGreaterThan(600)
  })

  test('order: no activity before its customer signs up, and ids follow time', async () => {
    const database = await seeded()
    const wrong = `SELECT
      (SELECT count(*)::int FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.created_at < c.created_at) AS orders,
      (SELECT count(*)::int FROM events e JOIN customers c ON c.id = e.customer_id WHERE e.occurred_at < c.created_at) AS events,
      (SELECT count(*)::int FROM customers a JOIN customers b ON a.id < b.id AND a.created_at > b.created_at) AS customers_out_of_order,
      (SELECT count(*)::int FROM orders a JOIN orders b ON a.id < b.id AND a.created_at > b.created_at) AS orders_out_of_order,
      (SELECT count(*)::int FROM events a JOIN events b ON a.id < b.id AND a.occurred_at > b.occurred_at) AS events_out_of_order`
    expect(Object.values(await one(database, wrong))).toEqual([0, 0, 0, 0, 0])
  })

  test('a row added by hand: gets the next id', async () => {
    const database = await seeded()
    await database.query(
      `INSERT INTO customers (email, name, metadata, created_at) VALUES ('me@example.com', 'Me', '{"plan": "pro"}', now())`,
    )
    expect(await one(database, "SELECT id::int FROM customers WHERE name = 'Me'")).toEqual({ id: 51 })
  })
})

describe('same number: same rows', () => {
  test.each(POSTGRES_VERSIONS)('on Postgres %i', async (version) => {
    const folder = await temporaryFolder()
    await chmod(folder, 0o755)
    const server = await startTestServer({ folder, version })
    onTestFinished(() => server.stop())
    const database = await createDatabase(server.url())
    await seedDatabase(database.query)
    expect(await hash(database)).toBe(HASH_OF_NUMBER_1)
  })

  test('with any settings of the database', async () => {
    const database = await testDatabase()
    for (const setting of [
      "TimeZone = 'America/New_York'",
      "DateStyle = 'SQL, DMY'",
      "IntervalStyle = 'sql_standard'",
      'extra_float_digits = -10',
      'standard_conforming_strings = off',
      "client_encoding = 'LATIN1'",
      'jit_above_cost = 0',
      'enable_hashjoin = off',
      'enable_nestloop = off',
      'work_mem = 64',
    ]) {
      await database.query(`ALTER DATABASE ${database.name} SET ${setting}`)
    }
    await seedDatabase(database.query)
    expect(await hash(database)).toBe(HASH_OF_NUMBER_1)
  })

  test('in a database with a linguistic sort order', async () => {
    const server = await serverUrl()
    const name = 'seed_in_english'
    const create = `CREATE DATABASE ${name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`
    await withClient(server, (client) => client.query(create))
    onTestFinished(async () => {
      await withClient(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    })
    const url = new URL(server)
    url.pathname = `/${name}`
    const query = (sql: string) => withClient(url.href, (client) => client.query(sql))
    await seedDatabase(query)
    expect(await hash({ name, url: url.href, query, settle: async () => {}, drop: async () => {} })).toBe(
      HASH_OF_NUMBER_1,
    )
  })

  test('another number: other rows', async () => {
    const hashes = await Promise.all([0, 1, 2, 3].map(async (number) => hash(await seeded({ number }))))
    expect(new Set(hashes).size).toBe(4)
    expect(hashes[1]).toBe(HASH_OF_NUMBER_1)
  })

  test('the files run by psql: read the settings of the session', async () => {
    const database = await testDatabase()
    const url = new URL(database.url)
    url.searchParams.set('options', '-c seed.number=7 -c seed.scale=2')
    await withClient(url.href, runFiles)
    expect(await hash(database)).toBe(await hash(await seeded({ number: 7, scale: 2 })))
  })

  test('afterwards: the settings of the session are as before', async () => {
    const database = await testDatabase()
    await withClient(database.url, async (client) => {
      await seedDatabase((sql) => client.query(sql), { number: 9, scale: 2 })
      const left =
        await client.query(`SELECT current_setting('seed.number') AS number, current_setting('seed.scale') AS scale,
        (SELECT count(*)::int FROM pg_proc WHERE pronamespace = pg_my_temp_schema()) AS functions,
        (SELECT count(*)::int FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS tables`)
      expect(left.rows).toEqual([{ number: '', scale: '', functions: 0, tables: 0 }])
      // a setting that was defined once is empty now: the default, without an error
      await runFiles(client)
    })
    expect(await hash(database)).toBe(HASH_OF_NUMBER_1)
  })
})

describe('scale', () => {
  test('all three tables are multiplied', async () => {
    const counts = await one(await seeded({ scale: 20 }), COUNTS)
    expect(counts.customers).toBe(1000)
    expect(counts.orders).toSatisfy((n: number) => n >= 20 * 110 && n <= 20 * 145)
    expect(counts.events).toSatisfy((n: number) => n >= 20 * 600 && n <= 20 * 700)
  })
})

describe('errors', () => {
  test.each([
    [{ number: -1 }, 'seed number -1: not a whole number from 0 to 9007199254740991'],
    [{ number: 1.5 }, 'seed number 1.5: not a whole number from 0 to 9007199254740991'],
    [{ number: Number.NaN }, 'seed number NaN: not a whole number from 0 to 9007199254740991'],
    [{ number: 2 ** 53 }, 'seed number 9007199254740992: not a whole number from 0 to 9007199254740991'],
    [{ scale: 0 }, 'seed scale 0: not a whole number from 1 to 10000'],
    [{ scale: 0.5 }, 'seed scale 0.5: not a whole number from 1 to 10000'],
    [{ scale: MAX_SCALE + 1 }, 'seed scale 10001: not a whole number from 1 to 10000'],
    [{ scale: Number.POSITIVE_INFINITY }, 'seed scale Infinity: not a whole number from 1 to 10000'],
    [{ scale: "1'; DROP TABLE customers; --" as unknown as number }, /not a whole number/],
  ])('%o: error, and the database is not queried', async (options, message) => {
    const ask = () => Promise.reject(new Error('asked'))
    await expect(seedDatabase(ask, options)).rejects.toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    await expect(seedDatabase(ask, options)).rejects.toThrow(message)
  })

  test('a folder without the files: error', async () => {
    const folder = await temporaryFolder()
    await expect(seedDatabase(() => Promise.reject(new Error('asked')), { folder })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(folder),
    })
  })

  test('an earlier example: replaced', async () => {
    const database = await seeded({ number: 2, scale: 3 })
    await seedDatabase(database.query)
    expect(await hash(database)).toBe(HASH_OF_NUMBER_1)
  })

  test('another table of the same name: nothing is changed', async () => {
    const database = await testDatabase('CREATE TABLE orders (mine int); INSERT INTO orders VALUES (1)')
    await expect(seedDatabase(database.query)).rejects.toThrow('relation "orders" already exists')
    expect(await one(database, 'SELECT mine FROM orders')).toEqual({ mine: 1 })
    const others = "SELECT to_regclass('customers') AS customers, to_regtype('order_status') AS type"
    expect(await one(database, others)).toEqual({ customers: null, type: null })
  })

  test('another table of the same name, psql continues after the error: not marked as an example, not dropped next time', async () => {
    const database = await testDatabase('CREATE TABLE orders (mine int); INSERT INTO orders VALUES (1)')
    await withClient(database.url, async (client) => {
      for (const _ of ['first', 'second']) {
        expect(await runEachStatement(client, '01-schema')).toEqual(['relation "orders" already exists'])
      }
    })
    const found = "SELECT mine, obj_description('orders'::regclass, 'pg_class') AS comment FROM orders"
    expect(await one(database, found)).toEqual({ mine: 1, comment: null })
  })

  test('02-data.sql run again by psql, which continues after errors: adds nothing', async () => {
    const database = await seeded()
    await withClient(database.url, async (client) => {
      expect(await runEachStatement(client, '02-data')).toEqual([expect.stringMatching(/^duplicate key value/)])
    })
    expect(await hash(database)).toBe(HASH_OF_NUMBER_1)
  })
})
