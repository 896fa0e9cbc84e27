import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { spread, suiteCount, testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { testWarehouse } from './test-support.ts'

const MiB = 1024 * 1024

/** How to make a value of a given size, the maximum size, and what Postgres and DuckDB report about it. */
const TYPES = {
  text: { most: 512 * MiB, make: (bytes: number) => `repeat('a\\tb"\\\\', ${bytes} / 6) || repeat('x', ${bytes} % 6)` },
  bytea: { most: 500 * MiB, make: (bytes: number) => `decode(repeat('00ff5c0a', ${Math.ceil(bytes / 4)}), 'hex')` },
  jsonb: { most: 255 * MiB, make: (bytes: number) => `jsonb_build_object('v', repeat('x', ${bytes - 8}))` },
} as const

const PLACES = ['only', 'first', 'middle', 'last'] as const
const METHODS = ['copy', 'native', 'rows'] as const

interface LongRow {
  readonly type: keyof typeof TYPES
  readonly place: (typeof PLACES)[number]
  readonly extract: (typeof METHODS)[number]
  readonly bytes: number
}

/** Lengths around each power of two MiB. */
const LENGTHS = Array.from({ length: 10 }, (_, power) => 2 ** power * MiB).flatMap((length) => [
  length - 7,
  length,
  length + 7,
])

const ALL: readonly LongRow[] = LENGTHS.flatMap((bytes) =>
  PLACES.flatMap((place) =>
    METHODS.flatMap((extract) =>
      (['text', 'bytea', 'jsonb'] as const).flatMap((type) =>
        bytes > TYPES[type].most ? [] : [{ type, place, extract, bytes }],
      ),
    ),
  ),
)

const COUNT = suiteCount('long-rows')
/** The shorter rows, which take moments: a smoke test uses only these. */
const FEW = ALL.filter(({ bytes }) => bytes < 20 * MiB)
const CHOSEN = spread(COUNT < 10 ? FEW : ALL, COUNT)

test.each(CHOSEN)(
  'long rows: $type of $bytes bytes, $place row, by $extract: nothing lost',
  async (row) => {
    const { type, place, extract, bytes } = row
    const long = TYPES[type].make(bytes)
    const short = TYPES[type].make(16)
    const before = place === 'first' || place === 'only' ? 0 : 3
    const after = place === 'last' || place === 'only' ? 0 : 3
    const database = await testDatabase(`
    CREATE TABLE t (id int PRIMARY KEY, v ${type}, n int);
    INSERT INTO t SELECT i, ${short}, i FROM generate_series(1, ${before}) i;
    INSERT INTO t VALUES (100, ${long}, NULL);
    INSERT INTO t SELECT i, ${short}, i FROM generate_series(101, ${100 + after}) i`)
    const house = await testWarehouse(database, await duckdbExtensions())
    const { record } = await house.run({ extract })
    expect(record.tables.t).toMatchObject({ status: 'written', rows: before + after + 1 })
    const measured = type === 'bytea' ? 'md5(v), octet_length(v)' : 'md5(v::text), octet_length(v::text)'
    const { rows } = await database.query(`SELECT id, ${measured} AS length FROM t ORDER BY id`)
    const there = rows.map((each) => [each.id, each.md5, Number(each.length)])
    const file = type === 'bytea' ? 'md5(v), octet_length(v)' : 'md5(v::VARCHAR), strlen(v::VARCHAR)'
    expect(await house.ask('t', `SELECT id, ${file}::INT FROM t ORDER BY id`)).toEqual(there)
  },
  900_000,
)

test('long rows: many long columns in one row', async () => {
  const columns = Array.from({ length: 40 }, (_, i) => `c${i}`)
  const database = await testDatabase(`
    CREATE TABLE t (id int, ${columns.map((name) => `${name} text`).join(', ')});
    INSERT INTO t SELECT i, ${columns.map((_, i) => `repeat(chr(97 + ${i} % 26), 300000 + ${i})`).join(', ')} FROM generate_series(1, 5) i`)
  const house = await testWarehouse(database)
  await house.run({ extract: 'copy' })
  const sums = columns.map((name) => `sum(strlen(${name}))::INT`)
  expect(await house.ask('t', `SELECT count(*)::INT, ${sums.join(', ')} FROM t`)).toEqual([
    [5, ...columns.map((_, i) => 5 * (300_000 + i))],
  ])
}, 300_000)

/** Values that can be stored, but whose text exceeds the 1 GiB limit of Postgres. */
const TOO_LONG = [
  {
    what: 'a bytea of 600 MB',
    sql: `INSERT INTO t VALUES (1, 'x', NULL), (7, decode(repeat('00ff', 150000000), 'hex') || decode(repeat('00ff', 150000000), 'hex'), NULL)`,
    columns: 'a bytea, b text',
    message: /^t: column a: Postgres refuses a value of 1200000000 bytes as text: .* \(row with id=7\)$/,
    hint: /Leave out column a of table t .*where: NOT \("id" = '7'\)/,
  },
  {
    what: 'two texts of 600 MB',
    sql: `INSERT INTO t VALUES (1, 'x', 'y'), (7, '', ''); UPDATE t SET a = repeat('a', 600000000) WHERE id = 7; UPDATE t SET b = repeat('b', 600000000) WHERE id = 7`,
    columns: 'a text, b text',
    message: /^t: Postgres refuses a row of 1200000\d{3} bytes as text: .* \(row with id=7\)$/,
    hint: /Leave out a column of table t .*where: NOT \("id" = '7'\)/,
  },
]

// not in a smoke test, since creating these values takes too long
test.each(COUNT < 40 ? [] : TOO_LONG)(
  'long rows: $what: refused with table, column, row, size and a hint',
  async ({ sql, columns, message, hint }) => {
    const database = await testDatabase(`CREATE TABLE t (id int PRIMARY KEY, ${columns}); ${sql}`)
    const house = await testWarehouse(database)
    for (const extract of ['copy', 'rows'] as const) {
      const failed = await house.run({ extract }).catch((error) => error)
      expect(failed.message).toMatch(message)
      expect(failed.hint).toMatch(hint)
    }
    expect((await house.run({ extract: 'copy', tables: { t: { where: 'id <> 7' } } })).record.tables.t).toMatchObject({
      rows: 1,
    })
  },
  900_000,
)
