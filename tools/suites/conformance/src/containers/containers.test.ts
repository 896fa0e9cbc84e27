import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { checkContainers } from './check-containers.ts'
import { openReadBack } from './read-back.ts'

const METHODS = ['rows', 'copy'] as const

/** Casts that map all values to the same one. */
const CASTS = `
  CREATE TYPE level AS ENUM ('low', 'high');
  CREATE FUNCTION level_json(level) RETURNS json LANGUAGE sql IMMUTABLE AS $$ SELECT to_json(0) $$;
  CREATE CAST (level AS json) WITH FUNCTION level_json(level);
  CREATE FUNCTION level_text(level) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'some' $$;
  CREATE CAST (level AS text) WITH FUNCTION level_text(level) AS IMPLICIT;`

// SQL, the type of the column, and the value of each row in the file
const SITUATIONS: readonly [string, string, string, readonly (string | null)[]][] = [
  [
    'an enum with a cast to json, in a composite',
    `CREATE TYPE reading AS (device int, at level);
      CREATE TABLE t (id int, v reading); INSERT INTO t VALUES (1, '(1,low)'), (2, '(1,high)'), (3, '(,)'), (4, NULL)`,
    'JSON',
    ['{"device":1,"at":"low"}', '{"device":1,"at":"high"}', '{"device":null,"at":null}', null],
  ],
  [
    'an enum with a cast to text, in a list',
    `CREATE TABLE t (id int, v level[]); INSERT INTO t VALUES (1, '{low,NULL}'), (2, '{high}'), (3, '{}'), (4, NULL)`,
    'VARCHAR[]',
    ['["low",null]', '["high"]', '[]', null],
  ],
  [
    'arrays of more dimensions',
    `CREATE TABLE t (id int, v level[]);
      INSERT INTO t VALUES (1, '{{low,NULL},{high,low}}'), (2, '[0:0]={high}'), (3, '{}'), (4, NULL)`,
    'JSON',
    ['[["low",null],["high","low"]]', '["high"]', '[]', null],
  ],
  [
    'a domain over an array, in an array',
    `CREATE DOMAIN labels AS text[]; CREATE TABLE t (id int, v labels[]);
      INSERT INTO t VALUES (1, ARRAY['{red,blue}'::labels, '{green}'::labels]), (2, '{"{a}","{b}"}'), (3, '{NULL}'), (4, NULL)`,
    'JSON',
    ['[["red","blue"],["green"]]', '[["a"],["b"]]', '[null]', null],
  ],
  [
    'a domain over a composite with an array of composites, by names that are ours',
    `CREATE TYPE pair AS (r level, u text); CREATE TYPE many AS (e pair[], a int); CREATE DOMAIN several AS many;
      CREATE TABLE t (id int, v several);
      INSERT INTO t VALUES (1, ROW(ARRAY[[ROW('low', 'x')::pair, NULL], [ROW(NULL, NULL)::pair, ROW('high', '"')::pair]], 7)::many),
        (2, ROW('{}', 1)::many), (3, ROW(NULL, NULL)::many), (4, NULL)`,
    'JSON',
    [
      '{"e":[[{"r":"low","u":"x"},null],[{"r":null,"u":null},{"r":"high","u":"\\""}]],"a":7}',
      '{"e":[],"a":1}',
      '{"e":null,"a":null}',
      null,
    ],
  ],
  [
    'a range over a type with casts, in a composite',
    `CREATE TYPE levels AS RANGE (subtype = level); CREATE TYPE span AS (at levels);
      CREATE FUNCTION levels_json(levels) RETURNS json LANGUAGE sql IMMUTABLE AS $$ SELECT to_json(0) $$;
      CREATE CAST (levels AS json) WITH FUNCTION levels_json(levels);
      CREATE TABLE t (id int, v span); INSERT INTO t VALUES (1, '("[low,high)")'), (2, '(empty)'), (3, '()'), (4, NULL)`,
    'JSON',
    ['{"at":"[low,high)"}', '{"at":"empty"}', '{"at":null}', null],
  ],
  [
    'a composite whose fields were dropped and added',
    `CREATE TYPE pair AS (gone int, at level); CREATE TABLE t (id int, v pair); INSERT INTO t VALUES (1, '(5,low)'), (2, NULL);
      ALTER TYPE pair DROP ATTRIBUTE gone; ALTER TYPE pair ADD ATTRIBUTE "a ""name""" text;
      INSERT INTO t VALUES (3, '(high,x)'), (4, NULL)`,
    'JSON',
    ['{"at":"low","a \\"name\\"":null}', null, '{"at":"high","a \\"name\\"":"x"}', null],
  ],
  [
    'the row of a table, in a column',
    `CREATE TABLE other (at level, n money); CREATE TABLE t (id int, v other);
      INSERT INTO t VALUES (1, '(low,1.5)'), (2, '(high,)'), (3, '(,)'), (4, NULL)`,
    'JSON',
    ['{"at":"low","n":1.50}', '{"at":"high","n":null}', '{"at":null,"n":null}', null],
  ],
]

test.each(SITUATIONS)('%s: each value as outside of the container', async (_, sql, type, values) => {
  const database = await testDatabase(`${CASTS} ${sql}`)
  const readBack = await openReadBack(database.url)
  for (const method of METHODS) {
    const { columns, rows, unproven } = await readBack('t', method)
    expect([method, columns[1]?.type, unproven]).toEqual([method, type, []])
    const found = new Map(rows.map(({ id, v }) => [id, v]))
    expect(values.map((_, i) => found.get(String(i + 1)))).toEqual(values)
  }
})

test('a composite of 8,192 values: the text of its output function', async () => {
  const doubled = Array.from({ length: 13 }, (_, i) => `CREATE TYPE d${i + 1} AS (a d${i}, b d${i})`)
  const database = await testDatabase(
    `CREATE TYPE d0 AS (v int); ${doubled.join('; ')}; CREATE TABLE t (id int, v d13); INSERT INTO t VALUES (1, ROW(NULL, NULL)::d13)`,
  )
  const { columns, rows, unproven } = await (await openReadBack(database.url))('t', 'copy')
  expect([columns[1]?.type, rows, unproven]).toEqual(['VARCHAR', [{ id: '1', v: '(,)' }], []])
})

test('containers of every type to any depth, 50 tables by seed: the files equal what the output functions print', async () => {
  const methods = (index: number) => [METHODS[index % METHODS.length] ?? 'rows']
  expect(await checkContainers(await testDatabase(), { seed: 1, count: 50, methods })).toEqual([])
})
