import { seedDatabase } from '@dwh/seed'
import { withClient } from '@dwh/test-kit'

/** Values that depend on a session's settings, or that simple readers change. */
const VALUES = `
  CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
  CREATE DOMAIN percent AS numeric(5,2);
  CREATE TYPE pair AS (a int, b text);
  CREATE TABLE "Every Value" (
    id int PRIMARY KEY, b bool, i2 int2, i8 int8, o oid, f4 float4, f8 float8, n numeric(20,5), free numeric, m money, t text, c char(5), by bytea,
    d date, ti time, tz timetz, ts timestamp, tstz timestamptz, iv interval, u uuid, j json, jb jsonb, a int[], e mood, dom percent, p pair,
    r int4range, tr tstzrange, ip inet, bits bit(3), x xml
  );
  INSERT INTO "Every Value" VALUES
    (1, true, 1, 9007199254740993, 4294967295, 0.30000001, 0.30000000000000004, 1.5, 12345678901234567890.123456789, 12.34, 'Zürich', 'ab', '\\x00ff5c', '2026-02-18', '03:04:05.000001', '03:04:05+05:30',
      '2026-02-18 03:04:05.123456', '2026-02-18 03:04:05.123456+05:30', '1 year 2 months -3 days 04:05:06.789', '2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11',
      '{"a": 1.10}', '{"a": 1.10}', '{1,NULL,3}', 'it''s ok', 99.5, '(1,"a,b")', '[1,5)', '[2026-02-18 00:00+00,)', '::1', '101', '<a>&amp;</a>'),
    (2, false, -32768, -9223372036854775808, 0, 'NaN', '-Infinity', -99999.99999, -0.0000000001, -0.01, '', '', '', 'infinity', '24:00:00', '00:00:00-15:59',
      '-infinity', '0044-03-15 12:00:00+00 BC', '-00:00:00.000001', '00000000-0000-0000-0000-000000000000', '[]', 'null', '{}', 'sad', 0, '(,)', 'empty', '(,)', '10.0.0.0/8', '000', ''),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, E'a\\nb\\\\c\\t"d"', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  CREATE SCHEMA billing;
  CREATE TABLE billing.parts (id int, at date) PARTITION BY RANGE (at);
  CREATE TABLE billing.parts_1 PARTITION OF billing.parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE billing.parts_2 PARTITION OF billing.parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
  INSERT INTO billing.parts SELECT n, '2026-01-15'::date + n FROM generate_series(0, 40) n;
  CREATE TABLE empty (id int, at timestamptz);
  ANALYZE`

/** Makes the example data, and a table with values that are easily changed during a copy. */
export async function fillExample(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await seedDatabase((sql) => client.query(sql))
    await client.query(VALUES)
  })
}
