/** Tables that a contender reads together, in their own database. */
export interface DataSet {
  readonly name: string
  readonly about: string
  /** Number of runs of each contender, unless the command line sets it. */
  readonly rounds: number
  /** Rows of each table. */
  readonly rows: number
  readonly tables: readonly string[]
  readonly sql: string
  /** Why DuckDB cannot read it with its extension, if so. */
  readonly notNative?: string
}

/** Returns the data sets, with `1 / shrink` of their rows. */
export function dataSets(shrink: number): DataSet[] {
  const rows = (full: number) => Math.max(1, Math.round(full / shrink))
  return [
    narrow('narrow-1m', rows(1_000_000), 5),
    narrow('narrow-2m', rows(2_000_000), 5),
    narrow('narrow-10m', rows(10_000_000), 3),
    oneTable('wide', '200 columns of ten types', rows(100_000), columns(200, OF_TEN_TYPES)),
    oneTable('jsonb', 'documents of 1 to 2 kB with nested lists', rows(200_000), DOCUMENTS),
    oneTable('columns-1000', '1,000 columns of five types', rows(20_000), columns(1000, OF_FIVE_TYPES)),
    {
      ...oneTable('values-1mb', 'a text of 1 MB in each row', rows(300), MEGABYTES),
      notNative:
        'DuckDB reads 2,048 rows at once, and these rows are too long for that, so dwh does not use its reader',
    },
    manyTables('small-tables', 50, rows(1000)),
  ]
}

/** The columns of most data sets: a number, a small number, a text, a small document, a time. */
const NARROW = `(i % 1000)::int AS n, 'customer ' || md5(i::text) AS t, jsonb_build_object('plan', 'pro', 'n', i) AS doc,
  timestamptz '2026-01-01' + i * interval '1 second' AS at`

function narrow(name: string, rows: number, rounds: number): DataSet {
  return { ...oneTable(name, 'id bigint, n int, t text, doc jsonb, at timestamptz', rows, NARROW, 'narrow'), rounds }
}

function oneTable(name: string, about: string, rows: number, select: string, table = 'measured'): DataSet {
  return { name, about, rounds: 3, rows, tables: [table], sql: create(table, rows, select) }
}

function manyTables(name: string, count: number, rows: number): DataSet {
  const tables = Array.from({ length: count }, (_, i) => `small_${String(i + 1).padStart(2, '0')}`)
  const sql = tables.map((table) => create(table, rows, NARROW)).join(';\n')
  return { name, about: `${count} tables like the narrow one`, rounds: 5, rows, tables, sql }
}

function create(table: string, rows: number, select: string): string {
  return `CREATE TABLE ${table} AS SELECT i::bigint AS id, ${select} FROM generate_series(1, ${rows}) i`
}

/**
 * Returns `count - 1` columns, which make `count` together with `id`. `k` in an expression is the column's number.
 */
function columns(count: number, expressions: readonly string[]): string {
  return Array.from({ length: count - 1 }, (_, k) => {
    const expression = expressions[k % expressions.length] as string
    return `${expression.replaceAll(/\bk\b/g, String(k))} AS c${String(k).padStart(4, '0')}`
  }).join(',\n')
}

const OF_TEN_TYPES = [
  '(i * 7919 + k)::bigint',
  '((i * 31 + k) % 100000)::int',
  '((i + k) % 30)::smallint',
  'md5((i + k)::text)',
  "'state ' || (i + k) % 12",
  '(i + k) % 3 = 0',
  '((i * 13 + k) % 1000000 / 100.0)::numeric(12,2)',
  'CASE WHEN (i + k) % 5 > 0 THEN (i * k / 7.0)::float8 END',
  "date '2020-01-01' + (i + k) % 2000",
  "timestamptz '2026-01-01' + (i + k) * interval '1 second'",
]

// short texts: a row of Postgres must fit into a page of 8 kB
const OF_FIVE_TYPES = [
  '((i * 31 + k) % 100000)::int',
  '((i + k) % 30)::smallint',
  '(i + k) % 3 = 0',
  "date '2020-01-01' + (i + k) % 2000",
  "'v' || (i + k) % 100",
]

const DOCUMENTS = `jsonb_build_object(
    'kind', (ARRAY['view', 'click', 'order'])[1 + i % 3], 'user', jsonb_build_object('name', md5(i::text), 'age', i % 90, 'tags', jsonb_build_array('a', 'b' || i % 7)),
    'items', (SELECT jsonb_agg(jsonb_build_object('sku', md5((i + k)::text), 'price', k * 1.25, 'gift', k % 2 = 0, 'note', repeat(md5((i * k)::text), 3))) FROM generate_series(1, 3 + i % 8) k)
  ) AS doc`

const MEGABYTES = `(SELECT string_agg(md5((i * 40000 + k)::text), '') FROM generate_series(1, 32768) k) AS body`
