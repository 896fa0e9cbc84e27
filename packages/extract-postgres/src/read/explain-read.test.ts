import type { SourceSnapshot, TableSchema } from '@dwh/core'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { postgresSource } from '../index.ts'

async function open(sql: string, encoding?: string): Promise<SourceSnapshot> {
  const { url } = await testDatabase(sql, encoding ? { encoding } : {})
  const snapshot = await postgresSource({ connection: url }).open()
  onTestFinished(() => snapshot.close())
  return snapshot
}

const WAYS = ['rows', 'copy', 'profileTable'] as const

/** Reads a table with each method that needs nothing else, and returns the errors. */
async function failures(snapshot: SourceSnapshot, name: string, where?: string) {
  const table = (await snapshot.tables()).find((each) => each.name === name) as TableSchema
  const read = async (way: (typeof WAYS)[number]): Promise<void> => {
    if (way === 'profileTable') await snapshot.profileTable?.(table, { proof: 'columns', native: true }, { where })
    else if (way === 'copy') for await (const _ of snapshot.readBulkText?.(table, { where }).bulkText ?? []);
    else for await (const _ of snapshot.read(table, { where }).rows);
  }
  const found: { code: string; message: string; hint: string }[] = []
  for (const way of WAYS) {
    await read(way).catch(({ code, message, hint }) => found.push({ code, message, hint }))
  }
  expect(found).toHaveLength(WAYS.length)
  return found
}

async function expectFailures(
  snapshot: SourceSnapshot,
  name: string,
  { where, ...wanted }: { where?: string; code?: string; message: RegExp; hint: RegExp },
): Promise<void> {
  for (const { code, message, hint } of await failures(snapshot, name, where)) {
    expect(code).toBe(wanted.code ?? 'VALUE_REFUSED')
    expect(message).toMatch(wanted.message)
    expect(hint).toMatch(wanted.hint)
    expect(hint).not.toMatch(/Check its log/)
  }
}

const PEOPLE = `CREATE TABLE people (id int PRIMARY KEY, a int, name text, note text);
  INSERT INTO people SELECT i, i, 'x', repeat('y', 300) FROM generate_series(1, 3000) i`

describe('byte that is not text', () => {
  test('in SQL_ASCII, in one row of many: the error has table, column, value, key and what to do', async () => {
    const snapshot = await open(`${PEOPLE}; UPDATE people SET name = E'M\\xfcller' WHERE id = 2711`, 'SQL_ASCII')
    await expectFailures(snapshot, 'people', {
      message:
        /^people: column name: Postgres refuses "M\\xfcller": invalid byte .* \(SQLSTATE 22021\) \(row with id=2711\)$/,
      hint: /\{ encoding: windows-1252 \}.*SQL_ASCII.*bytes.*UPDATE "public"\."people" SET "name" = '\.\.\.' WHERE "id" = '2711';/,
    })
  })

  test('in a table without a key, and in a key: the error has the ctid of the row', async () => {
    const snapshot = await open(
      `CREATE TABLE a (t text); INSERT INTO a VALUES ('x'), (E'\\xe4\\x81'); CREATE TABLE b (t text PRIMARY KEY); INSERT INTO b VALUES (E'\\x81')`,
      'WIN1252',
    )
    await expectFailures(snapshot, 'a', {
      message: /^a: column t: Postgres refuses "\\xe4\\x81": .*22P05\) \(row ctid=\(0,2\)\)$/,
      hint: /types\.t of table a: bytes \(BLOB/,
    })
    await expectFailures(snapshot, 'b', {
      message: /^b: column t: Postgres refuses "\\x81": .*22P05\) \(row ctid=\(0,1\)\)$/,
      hint: /WHERE ctid = '\(0,1\)';/,
    })
  })

  test('in a partition: the error has the row of the partitioned table', async () => {
    const snapshot = await open(
      `CREATE TABLE p (id int, t text, PRIMARY KEY (id)) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
       CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20); INSERT INTO p VALUES (1, 'a'), (2, 'b'), (11, 'c'), (12, E'\\xe4')`,
      'SQL_ASCII',
    )
    await expectFailures(snapshot, 'p', { message: /^p: column t: .*"\\xe4".*\(row with id=12\)$/, hint: /bytes/ })
  })
})

describe('errors raised by reading', () => {
  test('view that divides by zero in one row: the error has the column, and the row in read order', async () => {
    const snapshot = await open(`${PEOPLE}; CREATE VIEW v AS SELECT id, 100 / (id - 2711) AS r, name FROM people`)
    await expectFailures(snapshot, 'v', {
      message:
        /^v: column r: Postgres refuses a value: division by zero \(SQLSTATE 22012\) \(row number \d+ in read order: id=2711, name=x\)$/,
      hint: /^Leave out column r of table v .*SELECT "r" FROM "public"\."v" WHERE "id" = '2711'/,
    })
  })

  test.each([
    ['sorted first', 'SELECT id, 100 / (id - 7) AS r FROM people ORDER BY id'],
    ['for every row', 'SELECT id, 1 / 0 AS r FROM people'],
    ['a bad cast', `SELECT id, CASE WHEN id = 7 THEN 'x' ELSE '1' END::int AS r FROM people ORDER BY 1`],
  ])('view that raises, %s: the error has the column', async (_, query) => {
    const snapshot = await open(`${PEOPLE}; CREATE VIEW v AS ${query}`)
    await expectFailures(snapshot, 'v', {
      message: /^v: column r: Postgres refuses a value: /,
      hint: /columns\.exclude/,
    })
  })

  test('function that raises its own error: the error has the row', async () => {
    const snapshot = await open(`${PEOPLE};
      CREATE FUNCTION check_it(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF i = 9 THEN RAISE 'nine is out'; END IF; RETURN i; END $$;
      CREATE VIEW v AS SELECT id, public.check_it(id) AS r FROM people`)
    await expectFailures(snapshot, 'v', {
      message: /^v: Postgres refuses a row: nine is out \(SQLSTATE P0001\) \(row number 9 in read order\)$/,
      hint: /PL\/pgSQL function public\.check_it\(integer\) line 1 at RAISE/,
    })
  })

  test('condition that fails in one row, condition with an unknown column: the error names the condition', async () => {
    const snapshot = await open(PEOPLE)
    await expectFailures(snapshot, 'people', {
      where: '1 / (id - 3) > 0 -- odd',
      message: /^people: its condition \(where\): Postgres refuses it: division by zero .*\(row with id=3\)$/,
      hint: /Correct where of table people/,
    })
    await expectFailures(snapshot, 'people', {
      where: 'idd > 0',
      code: 'CONFIG_INVALID',
      message: /column "idd" does not exist/,
      hint: /Correct where of table people/,
    })
  })
})

test('byte without a character in the encoding of its database: no other encoding is proposed', async () => {
  const snapshot = await open(
    `CREATE TABLE w (id int PRIMARY KEY, t text); INSERT INTO w VALUES (1, E'\\xcf'), (2, E'\\x98')`,
    'WIN1251',
  )
  for (const { hint } of await failures(snapshot, 'w')) {
    expect(hint).toContain('set columns.types.t of table w: bytes (BLOB, unchanged)')
    expect(hint).not.toContain('encoding')
  }
})

test('invalid byte in a view: no UPDATE of the view is proposed', async () => {
  const snapshot = await open(
    `${PEOPLE}; UPDATE people SET name = E'M\\xfcller' WHERE id = 2711; CREATE VIEW v AS SELECT * FROM people`,
    'SQL_ASCII',
  )
  await expectFailures(snapshot, 'v', {
    message: /^v: column name/,
    hint: /fix it in Postgres, where the view gets it from\.$/,
  })
})

test('function with an unqualified table name: the error has the function, and proposes a search_path', async () => {
  const snapshot =
    await open(`CREATE TABLE loc (i int); CREATE FUNCTION any_loc() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM loc); END $$;
    CREATE VIEW v AS SELECT public.any_loc() AS n`)
  await expectFailures(snapshot, 'v', {
    message: /^v: .*relation "loc" does not exist \(SQLSTATE 42P01\)/,
    hint: /any_loc.*ALTER FUNCTION \.\.\. SET search_path/,
  })
})

describe('foreign server', () => {
  const loopback = async (table: string): Promise<SourceSnapshot> => {
    const { url, query } = await testDatabase('CREATE EXTENSION postgres_fdw')
    const { hostname, port, pathname, username, password } = new URL(url)
    await query(`CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${hostname}', port '${port}', dbname '${pathname.slice(1)}');
      CREATE USER MAPPING FOR CURRENT_USER SERVER here OPTIONS (user '${username}', password '${decodeURIComponent(password)}');
      CREATE TABLE there (id int); ${table}`)
    const snapshot = await postgresSource({ connection: url }).open()
    onTestFinished(() => snapshot.close())
    return snapshot
  }

  test.each([
    ['a table', `CREATE FOREIGN TABLE far (id int) SERVER here OPTIONS (table_name 'nosuch')`],
    ['a column', `CREATE FOREIGN TABLE far (id int, gone int) SERVER here OPTIONS (table_name 'there')`],
    [
      'a table, by a view',
      `CREATE FOREIGN TABLE f (id int) SERVER here OPTIONS (table_name 'nosuch'); CREATE VIEW far AS SELECT * FROM f`,
    ],
  ])('remote object missing, %s: the error names the server, not a changed table', async (_, sql) => {
    await expectFailures(await loopback(sql), 'far', {
      code: 'SOURCE_FAILED',
      message: /^far.* does not exist/,
      hint: /through the foreign server here \(postgres_fdw\)/,
    })
  })

  test('user mapping missing: the error has the statement that creates it', async () => {
    const snapshot = await loopback(
      'DROP USER MAPPING FOR CURRENT_USER SERVER here; CREATE FOREIGN TABLE far (id int) SERVER here',
    )
    await expectFailures(snapshot, 'far', {
      code: 'SOURCE_FAILED',
      message: /^far.*user mapping not found/,
      hint: /CREATE USER MAPPING FOR "\w+" SERVER "here" OPTIONS/,
    })
  })

  const away = (table: string) => `CREATE EXTENSION postgres_fdw;
    CREATE SERVER billing FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1', dbname 'x');
    CREATE USER MAPPING FOR CURRENT_USER SERVER billing OPTIONS (user 'a', password 'canary');
    CREATE FOREIGN TABLE far (id int) SERVER billing; ${table}`

  test.each([
    ['far', ''],
    ['seen', 'CREATE VIEW seen AS SELECT * FROM far'],
    [
      'p',
      'CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE FOREIGN TABLE p1 PARTITION OF p DEFAULT SERVER billing',
    ],
  ])('server unreachable, table %s: the error names the server', async (name, sql) => {
    const snapshot = await open(away(sql))
    await expectFailures(snapshot, name, {
      code: 'SOURCE_FAILED',
      message: new RegExp(`^${name}[^:]*: could not connect to server "billing"`),
      hint: /through the foreign server billing \(postgres_fdw\)/,
    })
    expect(JSON.stringify(await failures(snapshot, name))).not.toContain('canary')
  })

  test('file missing: the error names the server', async () => {
    const snapshot = await open(`CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
      CREATE FOREIGN TABLE far (id int) SERVER files OPTIONS (filename '/nowhere')`)
    await expectFailures(snapshot, 'far', {
      code: 'SOURCE_FAILED',
      message: /^far.*could not open file/,
      hint: /files \(file_fdw\)/,
    })
  })
})

test('numbers whose sum exceeds Postgres: measured without the sum', async () => {
  const snapshot = await open(
    `CREATE TABLE t (n numeric, l numeric[]); INSERT INTO t SELECT n, ARRAY[n] FROM (VALUES ('9e131071'::numeric), ('9e131071')) AS v (n)`,
  )
  const [table] = await snapshot.tables()
  const found = await snapshot.profileTable?.(table as TableSchema, { proof: 'columns', native: true })
  expect(found?.types).toEqual({ n: 'VARCHAR', l: 'VARCHAR[]' })
})
