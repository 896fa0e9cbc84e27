import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ExportFormat, localFiles, openSession, type Session } from './index.ts'
import { duckdb, testWarehouse } from './test-support.ts'

/** Two sessions: in the first DuckDB writes, in the second we do. */
async function bothWriters(timeZone?: string): Promise<[Session, Session, string]> {
  const house = await testWarehouse()
  await house.write({ name: 't' }, 'SELECT i::INTEGER AS id, i % 3 AS m FROM range(10) r(i)')
  const files = localFiles({ store: house.store, readState: async () => house.state })
  const folder = await temporaryFolder()
  const open = async (tempDirectory: string | undefined) => {
    const session = await openSession({ tables: house.state.tables, files, timeZone, tempDirectory })
    onTestFinished(() => session.close())
    return session
  }
  return [await open(folder), await open(undefined), folder]
}

async function exported(
  session: Session,
  sql: string,
  format: ExportFormat,
  options: { header?: boolean; params?: Record<string, string> } = {},
): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const bytes of session.export(sql, { format, ...options }))
    for await (const piece of bytes) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

const FORMATS = ['csv', 'tsv', 'json', 'jsonl'] as const

const TYPES = `SELECT
  1::TINYINT AS i1, 2::USMALLINT AS u2, 9223372036854775807 AS i8, 170141183460469231731687303715884105727::HUGEINT AS i16, 123456789012345678901234567890123456789012::BIGNUM AS bn,
  12345678901234567890.1200::DECIMAL(38,4) AS d, -0.10::DECIMAL(4,2) AS dn, 0.1::FLOAT AS f4, 1e-300::DOUBLE AS f8,
  'NaN'::DOUBLE AS nan, '-Infinity'::FLOAT AS inf, 'inf'::DOUBLE AS inf8, '-0'::DOUBLE AS nz, '-0'::FLOAT AS nz4, true AS b, 'a"b' AS t, NULL AS n,
  '' AS empty, DATE '2026-02-18' AS day, DATE 'infinity' AS never, '0044-03-15 (BC)'::DATE AS ides, TIME '24:00:00' AS tm,
  TIME '01:02:03.5' AS tms, TIMESTAMP '2026-02-18 03:00:12.000001' AS ts, TIMESTAMP 'infinity' AS tsi,
  '0044-03-15 (BC) 01:02:03'::TIMESTAMP AS tsbc, TIMESTAMP_S '2026-02-18 03:00:12' AS tss, TIMESTAMP_MS '2026-02-18 03:00:12.5' AS tsms,
  TIMESTAMP_NS '2026-02-18 03:00:12.123456789' AS tsns, TIMESTAMPTZ '2026-02-18 03:00:12+05' AS tz, TIMESTAMPTZ '2026-07-18 03:00:12.120+00' AS tz2,
  TIMESTAMPTZ '-infinity' AS past, TIMESTAMPTZ '1890-01-01 00:00:00+00' AS old, '0044-03-15 (BC) 00:00:00+00'::TIMESTAMPTZ AS bc,
  TIMESTAMPTZ '12026-01-01 00:00:00+00' AS far, INTERVAL '1 year 2 days 3.5 seconds' AS iv, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID AS u,
  '\\x00\\xFF'::BLOB AS bl, '0101'::BIT AS bits, '{"x": 1e999,\n  "y": [null]}'::JSON AS j, [1, NULL] AS l, []::INTEGER[] AS le,
  NULL::INTEGER[] AS ln, {'a': 1, 'b"': 'x'} AS s, NULL::STRUCT(a INTEGER) AS sn, MAP {'k"': 1.5, 'l': NULL} AS m,
  MAP {TIMESTAMPTZ '2026-02-18 03:00:12+00': [1]} AS mt, 'v'::ENUM ('v') AS e, [TIMESTAMPTZ '2026-02-18 03:00:12+00', NULL] AS ltz,
  [{'at': TIMESTAMPTZ '2026-07-18 03:00:12+00', 'f': ['nan'::FLOAT, 1e20], 'bytes': '\\x01'::BLOB, 'doc': '{"a":\n1}'::JSON}] AS deep,
  array_value(1, 2) AS ar, [array_value(0.1::FLOAT)] AS arf, [[], NULL, [NULL, 'x']] AS ll, 'x' AS t, '#' AS "#", ' y ' AS "a,b"`

describe.each(['UTC', 'Europe/Zurich', 'Asia/Kathmandu', 'America/St_Johns'])('in %s', (zone) => {
  test.each(FORMATS)('%s of every type: DuckDB writes the same bytes as we do', async (format) => {
    const [fast, slow] = await bothWriters(zone)
    const text = await exported(fast, TYPES, format)
    expect(text).toBe(await exported(slow, TYPES, format))
    const none = `SELECT * FROM (${TYPES}) WHERE false`
    expect(await exported(fast, none, format)).toBe(await exported(slow, none, format))
    const nulls = `SELECT * REPLACE (${NAMES.map((name) => `NULL AS "${name}"`).join(', ')}) FROM (${TYPES})`
    expect(await exported(fast, nulls, format)).toBe(await exported(slow, nulls, format))
    if (format === 'json') JSON.parse(text)
    if (format === 'jsonl') JSON.parse(text.split('\n')[0] as string)
  })
})

const NAMES = ['i1', 'f4', 'day', 'tz', 'bl', 'j', 'l', 's', 'm', 'deep', 'e', 'iv']

test('instants: the local time of the session with its offset, in every format, also within values', async () => {
  const [fast, slow] = await bothWriters('Europe/Zurich')
  const sql = `SELECT date_trunc('month', TIMESTAMPTZ '2026-01-15 10:00:00+00') AS m, [m] AS l, {'m': m + INTERVAL 6 MONTH} AS s`
  for (const session of [fast, slow]) {
    expect(await exported(session, sql, 'csv')).toBe(
      'm,l,s\n2026-01-01T00:00:00+01:00,"[""2026-01-01T00:00:00+01:00""]","{""m"":""2026-07-01T00:00:00+02:00""}"\n',
    )
    expect(await exported(session, sql, 'jsonl')).toBe(
      '{"m":"2026-01-01T00:00:00+01:00","l":["2026-01-01T00:00:00+01:00"],"s":{"m":"2026-07-01T00:00:00+02:00"}}\n',
    )
    expect(await exported(session, `SET TimeZone = 'Asia/Kathmandu'; ${sql}`, 'jsonl')).toContain(
      '2026-01-01T00:00:00+05:45',
    )
  }
})

test('statements that are no query within another: the same formats', async () => {
  const [fast, slow] = await bothWriters()
  for (const sql of [
    'EXPLAIN SELECT 1',
    'PRAGMA version',
    'SHOW TABLES',
    'DESCRIBE t',
    'SUMMARIZE t',
    'PIVOT t ON m USING count(*)',
    'VALUES (1, 2)',
    'FROM t -- a comment',
    'WITH x AS (FROM t) FROM x ORDER BY id DESC LIMIT 2',
    "PREPARE p AS FROM t WHERE id = 1; EXECUTE p; SELECT 'x;' AS t",
    'SELECT union_value(a := 1) AS u, 1 AS u',
    'BEGIN; CREATE TEMP TABLE mine AS FROM t; FROM mine; ROLLBACK',
  ]) {
    for (const format of ['csv', 'json'] as const)
      expect(await exported(fast, sql, format), `${format}: ${sql}`).toBe(await exported(slow, sql, format))
  }
})

test('header: false: rows only', async () => {
  for (const session of (await bothWriters()).slice(0, 2) as Session[])
    expect(await exported(session, 'SELECT 1 AS a, NULL AS b', 'tsv', { header: false })).toBe('1\t\n')
})

test('parameters: by name and by position, as the type that their place needs', async () => {
  const [fast, slow] = await bothWriters()
  for (const session of [fast, slow]) {
    const csv = (sql: string, params: Record<string, string>) =>
      exported(session, sql, 'csv', { params, header: false })
    expect(await csv('SELECT id FROM t WHERE id = $id', { id: '5' })).toBe('5\n')
    expect(await csv('SELECT $1 AS a, ? AS b', { 1: "it's", 2: '2' }).catch((error) => error)).toMatchObject({
      code: 'QUERY_FAILED',
    })
    expect(await csv('SELECT ? AS a, ? AS b', { 1: "it's", 2: '2' })).toBe("it's,2\n")
    expect(await csv('SELECT id FROM t WHERE id > $Low LIMIT $n', { low: '3', n: '2' })).toBe('4\n5\n')
    await expect(csv('SELECT $a', { b: '1', a: '2' })).rejects.toMatchObject({
      code: 'QUERY_FAILED',
      message: 'parameter b: the statement has no $b',
    })
    await expect(csv('SELECT $a, $b', { a: '1' })).rejects.toMatchObject({
      message: 'parameter b: has no value; values were given for a',
    })
    await expect(csv('SELECT $a', {})).rejects.toMatchObject({ message: 'parameter a: has no value' })
  }
})

test('parquet: read back by another DuckDB; a plan cannot be Parquet', async () => {
  const [fast, , folder] = await bothWriters()
  const pieces: Uint8Array[] = []
  for await (const bytes of fast.export('SELECT id, id AS id, [id] AS l FROM t', { format: 'parquet' }))
    for await (const piece of bytes) pieces.push(piece)
  const path = join(folder, 'x.parquet')
  await writeFile(path, Buffer.concat(pieces))
  expect(await duckdb(`SELECT count(*)::INT, sum(id)::INT, max(id_1), max(l)::VARCHAR FROM '${path}'`)).toEqual([
    [10, 45, 9, '[9]'],
  ])
  await expect(exported(fast, 'EXPLAIN FROM t', 'parquet')).rejects.toMatchObject({ code: 'QUERY_FAILED' })
})

test('errors: at the start nothing comes, midway what came before; no pipe is left', async () => {
  const [fast, , folder] = await bothWriters()
  const one = async (sql: string) => {
    const pieces: Uint8Array[] = []
    try {
      for await (const bytes of fast.export(sql, { format: 'csv' })) for await (const piece of bytes) pieces.push(piece)
      return 'no error'
    } catch (error) {
      return { length: Buffer.concat(pieces).length, error }
    }
  }
  expect(await one('SELECT nothing FROM t')).toMatchObject({ length: 0, error: { code: 'QUERY_FAILED' } })
  expect(await one("SELECT error('now') FROM t")).toMatchObject({ length: 0, error: { code: 'QUERY_FAILED' } })
  const midway = await one(
    "SELECT CASE WHEN range = 1999999 THEN error('late') ELSE repeat('x', 20) END AS a FROM range(2000000)",
  )
  expect(midway).toMatchObject({ error: { code: 'QUERY_FAILED', message: expect.stringContaining('late') } })
  expect((midway as { length: number }).length).toBeGreaterThan(100_000)
  expect(await readdir(folder)).toEqual([])
})

test('reader that leaves early, and a signal: the query stops, the session goes on, no pipe is left', async () => {
  const [fast, , folder] = await bothWriters()
  const sql = 'SELECT range AS a FROM range(100000000000)'
  for await (const bytes of fast.export(sql, { format: 'csv' })) for await (const _ of bytes) break
  expect(await readdir(folder)).toEqual([])
  const controller = new AbortController()
  const stopped = (async () => {
    for await (const bytes of fast.export(sql, { format: 'jsonl', signal: controller.signal }))
      for await (const _ of bytes) controller.abort()
  })()
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await exported(fast, 'SELECT 1 AS a', 'csv')).toBe('a\n1\n')
  expect(await readdir(folder)).toEqual([])
})

test('rows as they come: written by one thread, sorted and grouped ones by all; the setting stays', async () => {
  const [fast] = await bothWriters()
  const threads = async (sql: string) => {
    await fast.queryAll('SET threads = 3')
    const lines = await exported(fast, sql, 'csv', { header: false })
    expect((await fast.queryAll(`SELECT current_setting('threads')::INTEGER AS n`))?.rows).toEqual([{ n: 3 }])
    return new Set(lines.trim().split('\n'))
  }
  const used = `current_setting('threads')::VARCHAR || CASE WHEN random() < 0 THEN 'x' ELSE '' END`
  expect(await threads(`SELECT ${used} FROM t`)).toEqual(new Set(['1']))
  expect(await threads(`SELECT ${used} FROM t WHERE id > 3`)).toEqual(new Set(['1']))
  expect(await threads(`SELECT max(${used}) FROM t GROUP BY m`)).toEqual(new Set(['3']))
  expect(await threads(`SELECT ${used} FROM t ORDER BY id`)).toEqual(new Set(['3']))
  for await (const bytes of fast.export('FROM t', { format: 'csv' })) for await (const _ of bytes) break
  expect((await fast.queryAll(`SELECT current_setting('threads')::INTEGER AS n`))?.rows).toEqual([{ n: 3 }])
})

test('a large join: its first rows come at once', async () => {
  const [fast] = await bothWriters()
  const join = 'SELECT a.range AS n FROM range(1000000) a, range(1000000) b'
  for await (const bytes of fast.export(join, { format: 'csv' })) for await (const _ of bytes) break
})

test('a result that is not read, and a parameter without a value: no pipe is left, the session goes on', async () => {
  const [fast, , folder] = await bothWriters()
  for await (const _ of fast.export('SELECT 1 AS a; SELECT range AS a FROM range(100000000000); SELECT 2 AS a', {
    format: 'csv',
  }));
  expect(await readdir(folder)).toEqual([])
  await expect(exported(fast, 'SELECT id FROM t WHERE id = $id', 'csv')).rejects.toMatchObject({ code: 'QUERY_FAILED' })
  expect(await readdir(folder)).toEqual([])
  expect(await exported(fast, 'SELECT 1 AS a', 'csv')).toBe('a\n1\n')
})

test('many rows: in order, complete', async () => {
  const [fast] = await bothWriters()
  const text = await exported(fast, 'SELECT range AS a FROM range(300000) ORDER BY a DESC', 'json')
  const rows = JSON.parse(text) as { a: number }[]
  expect(rows).toHaveLength(300_000)
  expect(rows.every(({ a }, i) => a === 299_999 - i)).toBe(true)
})

describe('properties', () => {
  const day = (year: number) => BigInt(Date.UTC(year, 0, 1)) * 1000n

  test('numbers, texts and instants: both writers give the same bytes', async () => {
    const zones = ['UTC', 'Europe/Zurich', 'Australia/Lord_Howe', 'Africa/Monrovia', 'America/New_York', 'Pacific/Apia']
    const [fast, slow] = await bothWriters()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...zones),
        fc.array(
          fc.tuple(
            fc.double(),
            fc.integer({ min: -999_999, max: 999_999 }).map((n) => n / 100),
            fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
            fc.bigInt({ min: day(1850), max: day(2200) }),
          ),
          { minLength: 1, maxLength: 20 },
        ),
        fc.constantFrom(...FORMATS),
        async (zone, rows, format) => {
          const number = (value: number) => (Object.is(value, -0) ? "'-0'" : `'${value}'`)
          const values = rows.map(
            ([d, f, text, micros]) =>
              `(${number(d)}::DOUBLE, ${number(f)}::FLOAT, decode(from_hex('${Buffer.from(text).toString('hex')}')), make_timestamptz(${micros}))`,
          )
          const sql = `SET TimeZone = '${zone}'; SELECT d, f, t, i, [d] AS ld, {'t': t, 'i': i} AS s, MAP {t: f} AS m FROM (VALUES ${values.join(', ')}) v(d, f, t, i)`
          expect(await exported(fast, sql, format)).toBe(await exported(slow, sql, format))
        },
      ),
      { numRuns: 30 },
    )
  })

  // some have several shortest decimals, of which DuckDB does not always choose the nearest
  test('FLOAT: what either writer gives is read back as the same number', async () => {
    const [fast, slow] = await bothWriters()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.float({ noDefaultInfinity: true, noNaN: true }), { minLength: 1 }),
        async (floats) => {
          const values = floats.map((value) => `('${Object.is(value, -0) ? '-0' : value}'::FLOAT)`)
          for (const session of [fast, slow]) {
            const text = await exported(session, `SELECT f FROM (VALUES ${values.join(', ')}) v(f)`, 'csv', {
              header: false,
            })
            expect(
              text
                .trimEnd()
                .split('\n')
                .map((line) => Math.fround(Number(line))),
            ).toEqual(floats)
          }
        },
      ),
      { numRuns: 20 },
    )
  })
})
