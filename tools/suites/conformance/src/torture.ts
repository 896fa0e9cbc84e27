/**
 * A declared type of Postgres, and values of it as SQL: the smallest, the largest, the empty one, and those that simple
 * readers change.
 */
export interface TortureType {
  readonly declared: string
  /** The type in the warehouse, for a table with all of these values. */
  readonly becomes: string
  readonly values: readonly string[]
}

const texts = (...values: string[]) => values.map((value) => `'${value}'`)

const type = (declared: string, becomes: string, ...values: string[]): TortureType => ({
  declared,
  becomes,
  values: texts(...values),
})

const COMMON = ["E'\\t'", "E'a\\nb\\rc'", "E'\\\\N'", "'\"'", "','", "''''", "'NULL'", "E'\\uFEFFx'", "'🦆 Zürich'"]

export const SCALARS: readonly TortureType[] = [
  type('bool', 'BOOLEAN', 'true', 'false'),
  type('int2', 'SMALLINT', '-32768', '32767', '0'),
  type('int4', 'INTEGER', '-2147483648', '2147483647'),
  type('int8', 'BIGINT', '-9223372036854775808', '9223372036854775807', '9007199254740993'),
  type('oid', 'UINTEGER', '0', '4294967295'),
  type('float4', 'FLOAT', 'NaN', 'Infinity', '-Infinity', '-0', '3.4028235e38', '1e-45', '0.1', '16777217'),
  type(
    'float8',
    'DOUBLE',
    'NaN',
    'Infinity',
    '-Infinity',
    '-0',
    '1.7976931348623157e308',
    '5e-324',
    '0.30000000000000004',
  ),
  type('numeric(10,2)', 'DECIMAL(10,2)', '99999999.99', '-99999999.99', '0.01', '0'),
  type('numeric(38,10)', 'DECIMAL(38,10)', '9999999999999999999999999999.9999999999', '-0.0000000001'),
  type('numeric(3,-2)', 'DECIMAL(5,0)', '99900', '-12300', '0'),
  type('numeric(2,5)', 'DECIMAL(5,5)', '0.00099', '-0.00001'),
  type('numeric(39,1)', 'VARCHAR', '12345678901234567890123456789012345678.9', 'NaN'),
  type('numeric', 'DECIMAL(38,9)', '0.000000001', '-12345678901234567890', '1.50', '0'),
  type('money', 'DECIMAL(19,2)', '-92233720368547758.08', '92233720368547758.07', '0.01'),
  { declared: 'text', becomes: 'VARCHAR', values: ["''", "' '", ...COMMON, "repeat('x', 100000)"] },
  { declared: 'varchar(20)', becomes: 'VARCHAR', values: ["''", "'a  '", ...COMMON] },
  { declared: 'char(5)', becomes: 'VARCHAR', values: ["''", "'ab'", "'abcde'", "'\"'", "'NULL'"] },
  type('name', 'VARCHAR', '', 'Users', 'a"b'),
  { declared: '"char"', becomes: 'VARCHAR', values: ["''", "'a'", "'\\200'"] },
  type('public.citext', 'VARCHAR', '', 'MiXed'),
  type('public.mood', 'VARCHAR', 'sad', "it''s ok", ''),
  type('bytea', 'BLOB', '', '\\x00', '\\x00ff5c0a22', '\\x5c786162'),
  type(
    'date',
    'DATE',
    '4713-01-01 BC',
    '5874897-12-31',
    'infinity',
    '-infinity',
    '0001-12-31 BC',
    '0001-01-01',
    '2024-02-29',
  ),
  type('time', 'TIME', '00:00:00', '24:00:00', '23:59:59.999999', '03:04:05.000001'),
  type('timetz', 'VARCHAR', '00:00:00-15:59', '24:00:00+15:59', '03:04:05.000001+05:30'),
  type(
    'timestamp',
    'TIMESTAMP',
    '4713-01-01 00:00:00 BC',
    '294247-01-10 04:00:54.775806',
    'infinity',
    '-infinity',
    '0044-03-15 12:00:00.5 BC',
    '1969-12-31 23:59:59.999999',
  ),
  type(
    'timestamptz',
    'TIMESTAMP WITH TIME ZONE',
    '4713-01-02 00:00:00+00 BC',
    '294247-01-10 04:00:54.775806+00',
    'infinity',
    '-infinity',
    '0044-03-15 12:00:00+00 BC',
    '2026-03-29 02:30:00+05:45',
  ),
  type('interval', 'VARCHAR', '178000000 years', '-178000000 years', '00:00:00.000001', '1 mon -1 days +00:00:01', '0'),
  type(
    'uuid',
    'UUID',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11',
  ),
  type(
    'json',
    'JSON',
    'null',
    '{}',
    '[]',
    '""',
    '{"b": 1,  "a": 1.0}',
    '{"a":1,"a":2}',
    '12345678901234567890.123456789',
    '"\\u0041\\ud83e\\udd86"',
    ' [1] ',
  ),
  type('jsonb', 'JSON', 'null', '{}', '[]', '""', '{"a": 1.10, "b": 12345678901234567890.123456789}', '{"": "\\n\\""}'),
  type('inet', 'VARCHAR', '::1', '10.0.0.0/8', '10.0.0.1', 'ffff::/128'),
  type('cidr', 'VARCHAR', '10.0.0.0/8', '::/0', '10.1.2.3/32'),
  type('macaddr', 'VARCHAR', '08:00:2b:01:02:03'),
  type('macaddr8', 'VARCHAR', '08:00:2b:01:02:03:04:05'),
  { declared: 'bit(3)', becomes: 'VARCHAR', values: ["B'101'", "B'000'"] },
  { declared: 'varbit', becomes: 'VARCHAR', values: ["B''", "B'1'"] },
  type('point', 'VARCHAR', '(0.1,-0)', '(NaN,Infinity)'),
  type('path', 'VARCHAR', '[(0,0),(1,1)]', '((0,0),(1,1))'),
  type('polygon', 'VARCHAR', '((0,0),(1,1),(2,0))'),
  type('circle', 'VARCHAR', '<(0,0),1e-300>'),
  type('int4range', 'VARCHAR', '[1,5)', 'empty', '(,)'),
  type('tstzrange', 'VARCHAR', '[2026-02-18 00:00+00,)', '(,infinity)'),
  type('int4multirange', 'VARCHAR', '{}', '{[1,3),[5,8)}'),
  type('tsvector', 'VARCHAR', '', 'a:1 fat:2B'),
  type('xml', 'VARCHAR', '', '<a>&amp;</a>'),
  type('pg_lsn', 'VARCHAR', '0/0', 'FFFFFFFF/FFFFFFFF'),
  type('regclass', 'VARCHAR', 'pg_catalog.pg_class'),
  type('public.ltree', 'VARCHAR', '', 'a.b.c'),
  type('public.percent', 'DECIMAL(5,2)', '-999.99', '99.5'),
  type('public.small_percent', 'DECIMAL(5,2)', '0.01'),
]

/** Types that cannot be elements of a list, and values with more than one element. */
export const OTHERS: readonly TortureType[] = [
  { declared: 'public.pair', becomes: 'JSON', values: ['\'(1,"a,b")\'', "'(,)'", "ROW(2, E'\"\\n')"] },
  { declared: 'public.pair[]', becomes: 'JSON', values: ["ARRAY[ROW(1, 'a'), NULL]::public.pair[]", "'{}'"] },
  { declared: 'public.hstore', becomes: 'JSON', values: ["''", '\'a=>1, "b c"=>NULL\''] },
  { declared: 'int4[][]', becomes: 'JSON', values: ["'{{1,2},{3,NULL}}'", "'{}'", "'{1}'"] },
  { declared: 'int8[]', becomes: 'JSON', values: ["'[0:1]={1,9223372036854775807}'", "'{5}'"] },
  type('public.numbers', 'INTEGER[]', '{1,NULL}', '{}'),
  { declared: 'numeric(30,0)', becomes: 'DECIMAL(30,0)', values: ["'999999999999999999999999999999'"] },
  { declared: 'pg_catalog.int2vector', becomes: 'VARCHAR', values: ["'1 2'", "''"] },
]

export const SETUP = `
  CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION hstore SCHEMA public; CREATE EXTENSION ltree SCHEMA public;
  CREATE TYPE public.mood AS ENUM ('sad', 'it''s ok', '');
  CREATE DOMAIN public.percent AS numeric(5,2);
  CREATE DOMAIN public.small_percent AS public.percent CHECK (VALUE < 1);
  CREATE TYPE public.pair AS (a int, b text);
  CREATE DOMAIN public.numbers AS int[];`

/** Arrays of every scalar: with all of its values and a NULL, empty, with only a NULL. */
const ARRAYS: readonly TortureType[] = SCALARS.map(({ declared, becomes, values }) => ({
  declared: `${declared}[]`,
  becomes: `${becomes}[]`,
  values: [`ARRAY[${values.join(', ')}, NULL]::${declared}[]`, "'{}'", "'{NULL}'"],
}))

export const TORTURE: readonly TortureType[] = [...SCALARS, ...ARRAYS, ...OTHERS]

/**
 * Makes one table with a column for each type and enough rows for all values; the last row has only nulls. Columns are
 * named `c0`, `c1`, ...
 */
export function tortureSql(types: readonly TortureType[] = TORTURE): string {
  const rows = Math.max(...types.map(({ values }) => values.length)) + 1
  const columns = types.map(({ declared }, index) => `c${index} ${declared}`)
  const cells = (row: number) =>
    types.map(({ declared, values }) => `CAST(${values[row] ?? 'NULL'} AS ${declared})`).join(', ')
  const lines = Array.from({ length: rows }, (_, row) => `(${row}, ${cells(row)})`)
  return `CREATE TABLE torture (id int PRIMARY KEY, ${columns.join(', ')});
    INSERT INTO torture VALUES ${lines.join(',\n')}`
}
