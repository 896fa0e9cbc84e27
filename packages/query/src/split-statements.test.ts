import { DuckDBInstance } from '@duckdb/node-api'
import { expect, onTestFinished, test } from 'vitest'
import { splitStatements, takeStatements } from './split-statements.ts'

test.each<[string, string[]]>([
  ['SELECT 1', ['SELECT 1']],
  ['SELECT 1;', ['SELECT 1']],
  [' ; ;SELECT 1; ; SELECT 2 ;-- end', ['SELECT 1', ' SELECT 2 ']],
  [`SELECT ';', "a;b", e'it\\';s', 'it'';s'; SELECT 2`, [`SELECT ';', "a;b", e'it\\';s', 'it'';s'`, ' SELECT 2']],
  ['SELECT $$a;b$$, $x$;$$;$x$; SELECT 2', ['SELECT $$a;b$$, $x$;$$;$x$', ' SELECT 2']],
  ['SELECT 1 -- a; b\n + 1; SELECT 2', ['SELECT 1 -- a; b\n + 1', ' SELECT 2']],
  ['/* ; */ SELECT /* /* ; */ ; */ 1; SELECT 2', ['/* ; */ SELECT /* /* ; */ ; */ 1', ' SELECT 2']],
  [`SELECT name'x;y'`, [`SELECT name'x;y'`]],
  ['SELECT a$b$c; SELECT 1', ['SELECT a$b$c', ' SELECT 1']],
  ['-- nothing\n', []],
  ['', []],
])('%j', (sql, statements) => expect(splitStatements(sql)).toEqual(statements))

test('splitStatements: any text, as many statements as DuckDB finds', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  onTestFinished(() => {
    connection.closeSync()
    instance.closeSync()
  })
  for (const sql of [
    `SELECT 'a;b'; SELECT "x;y" FROM (SELECT 1 AS "x;y")`,
    `SELECT e'\\';'; SELECT 1`,
    'SELECT $$;$$; SELECT $t$ $$;$$ $t$',
    'SELECT 1 /* ; */; /* a */ SELECT 2 -- ;',
    ';;SELECT 1;;',
    `CREATE MACRO m(a) AS a; SELECT m(1); SELECT '';`,
  ]) {
    expect([sql, splitStatements(sql).length]).toEqual([sql, (await connection.extractStatements(sql)).count])
  }
})

test.each<[string, string[], string, string | null]>([
  ['SELECT 1; SELECT 2', ['SELECT 1'], ' SELECT 2', null],
  ['SELECT 1; \n', ['SELECT 1'], '', null],
  ["SELECT 'a;", [], "SELECT 'a;", "'"],
  ["SELECT 'a;'", [], "SELECT 'a;'", null],
  ["SELECT 'it''", [], "SELECT 'it''", "'"],
  ["SELECT e'\\'", [], "SELECT e'\\'", "'"],
  ['SELECT "a;', [], 'SELECT "a;', '"'],
  ['SELECT $x$ ; $$', [], 'SELECT $x$ ; $$', '$'],
  ['SELECT $$;$$', [], 'SELECT $$;$$', null],
  ['SELECT $$', [], 'SELECT $$', '$'],
  ['SELECT /* /* ; */', [], 'SELECT /* /* ; */', '/*'],
  ['SELECT /* ; */', [], 'SELECT /* ; */', null],
  ['SELECT 1 -- ;', [], 'SELECT 1 -- ;', null],
  ['SELECT 1; -- that was it\n', ['SELECT 1'], '', null],
  ['/* not yet', [], '/* not yet', '/*'],
])('takeStatements: complete statements, and the rest that is still being typed: %j', (sql, statements, rest, within) =>
  expect(takeStatements(sql)).toEqual({ statements, rest, within }),
)
