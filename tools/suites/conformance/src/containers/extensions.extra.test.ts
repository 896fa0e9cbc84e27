import { chmod } from 'node:fs/promises'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import {
  createDatabase,
  startPgvectorServer,
  startPostgisServer,
  type TestDatabase,
  temporaryFolder,
} from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { openReadBack } from './read-back.ts'

const METHODS = ['rows', 'copy', 'native'] as const

async function databaseOf(start: typeof startPostgisServer, sql: string): Promise<TestDatabase> {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  const server = await start(folder)
  onTestFinished(() => server.stop())
  const database = await createDatabase(server.url())
  await database.query(sql)
  return database
}

/** Reads every table by each method: the types of its columns, and its rows. */
async function expectFiles(
  database: TestDatabase,
  expected: Readonly<Record<string, { readonly types: readonly string[]; readonly rows: readonly unknown[][] }>>,
): Promise<void> {
  const readBack = await openReadBack(database.url, { extensionDirectory: await duckdbExtensions() })
  for (const [name, { types, rows: wanted }] of Object.entries(expected)) {
    for (const method of METHODS) {
      const { columns, rows, unproven } = await readBack(name, method)
      const found = rows.map((row) => columns.map((column) => row[column.name])).sort()
      expect({ name, method, unproven, types: columns.map(({ type }) => type), rows: found }).toEqual({
        name,
        method,
        unproven: [],
        types,
        rows: wanted,
      })
    }
  }
}

test('pgvector: a vector, alone and in a composite, an array, a domain: a list of numbers', async () => {
  const database = await databaseOf(
    startPgvectorServer,
    `CREATE EXTENSION vector;
      CREATE TYPE item AS (name text, v vector(3), h halfvec(2), s sparsevec(5));
      CREATE DOMAIN embedding AS vector(2);
      CREATE TABLE items (id int, v vector(3), h halfvec, e embedding, p item, q item[], many vector[]);
      INSERT INTO items SELECT 1, '[1,2.5,-1e-7]', '[0.1,65504]', '[0.1,3]', p, ARRAY[p, NULL], ARRAY['[1,2]', NULL, '[3.4028235e38]']::vector[]
        FROM (SELECT ROW('a', '[1,2.5,-1e-7]', '[0.5,1]', '{1:1.5}/5')::item AS p) AS one;
      INSERT INTO items (id) VALUES (2)`,
  )
  const item = '{"name":"a","v":[1,2.5,-1e-07],"h":[0.5,1],"s":"{1:1.5}/5"}'
  await expectFiles(database, {
    items: {
      types: ['INTEGER', 'FLOAT[]', 'FLOAT[]', 'FLOAT[]', 'JSON', 'JSON', 'JSON'],
      rows: [
        [
          '1',
          '["1.0","2.5","-1e-07"]',
          '["0.099975586","65504.0"]',
          '["0.1","3.0"]',
          item,
          `[${item},null]`,
          '[[1,2],null,[3.4028235e+38]]',
        ],
        ['2', ...Array(6).fill(null)],
      ],
    },
  })
})

test('PostGIS: a geometry, which has a cast to json, is stored exactly in a list, a composite, a domain', async () => {
  const database = await databaseOf(
    startPostgisServer,
    `CREATE EXTENSION postgis;
      CREATE TYPE place AS (at geometry, seen geography, name text, area box2d);
      CREATE DOMAIN spot AS geometry(PointZM);
      CREATE TABLE arcs (id int PRIMARY KEY, parts geometry[]);
      INSERT INTO arcs VALUES (1, ARRAY['CIRCULARSTRING(0 0,1 1,2 0)'::geometry]), (2, '{}'), (3, ARRAY[NULL, 'SRID=4326;POINT(0.1234567890123 1)'::geometry]);
      CREATE TABLE grids (id int, parts geometry[]);
      INSERT INTO grids VALUES (1, ARRAY[['POINT(0 0)'::geometry, NULL], ['POINT(1 1)', 'TIN(((0 0,0 1,1 0,0 0)))']]);
      CREATE TABLE places (id int, p place, q place[], s spot, g geography);
      INSERT INTO places SELECT 1, p, ARRAY[p, NULL], 'POINTZM(1 2 3 4)', (p).seen
        FROM (SELECT ROW('POINTZM(0.12345678901234 2 3 4)', 'POINT(8.5 47.3)', 'a "b"', 'BOX(0 0,1 1)')::place AS p) AS one;
      INSERT INTO places VALUES (2, NULL, NULL, NULL, NULL)`,
  )
  const hex = async (sql: string) => {
    const { rows } = await database.query(
      `SELECT encode(${sql.includes('geography') ? `ST_AsEWKB((${sql})::geometry)` : `ST_AsEWKB(${sql})`}, 'hex') AS hex`,
    )
    return String(rows[0].hex)
  }
  const upper = async (sql: string) => (await hex(sql)).toUpperCase()
  const bytes = async (sql: string) => `\\x${await hex(sql)}`
  const at = await upper(`'POINTZM(0.12345678901234 2 3 4)'::geometry`)
  const seen = await upper(`'POINT(8.5 47.3)'::geography`)
  const place = `{"at":"${at}","seen":"${seen}","name":"a \\"b\\"","area":"BOX(0 0,1 1)"}`
  const point = async (sql: string) => `"${await upper(`'${sql}'::geometry`)}"`
  await expectFiles(database, {
    arcs: {
      types: ['INTEGER', 'BLOB[]'],
      rows: [
        ['1', JSON.stringify([await bytes(`'CIRCULARSTRING(0 0,1 1,2 0)'::geometry`)])],
        ['2', '[]'],
        ['3', JSON.stringify([null, await bytes(`'SRID=4326;POINT(0.1234567890123 1)'::geometry`)])],
      ],
    },
    grids: {
      types: ['INTEGER', 'JSON'],
      rows: [
        [
          '1',
          `[[${await point('POINT(0 0)')},null],[${await point('POINT(1 1)')},${await point('TIN(((0 0,0 1,1 0,0 0)))')}]]`,
        ],
      ],
    },
    places: {
      types: ['INTEGER', 'JSON', 'JSON', 'BLOB', 'BLOB'],
      rows: [
        ['1', place, `[${place},null]`, await bytes(`'POINTZM(1 2 3 4)'::geometry`), `\\x${seen.toLowerCase()}`],
        ['2', null, null, null, null],
      ],
    },
  })
})
