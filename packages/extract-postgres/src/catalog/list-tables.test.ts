import { formatTableName } from '@dwh/core'
import { detachHalfway, testDatabase, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { beginSnapshot, listTables, type PgTable } from '../index.ts'

async function tablesOf(url: string): Promise<Map<string, PgTable>> {
  return withClient(url, async (client) => {
    await beginSnapshot(client)
    return new Map((await listTables(client)).map((table) => [formatTableName(table), table]))
  })
}

test('list of tables: every kind, each once', async () => {
  const database = await testDatabase(`
    CREATE TABLE plain (id int PRIMARY KEY);
    CREATE TABLE measures (day date NOT NULL, n int, PRIMARY KEY (day, n)) PARTITION BY RANGE (day);
    CREATE TABLE measures_2025 PARTITION OF measures FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (n);
    CREATE TABLE measures_2025_1 PARTITION OF measures_2025 FOR VALUES IN (1);
    CREATE TABLE parent (id int); CREATE TABLE child (extra text) INHERITS (parent);
    CREATE MATERIALIZED VIEW summary AS SELECT 1 AS one;
    CREATE MATERIALIZED VIEW never_filled AS SELECT 1 AS one WITH NO DATA;
    CREATE VIEW looking AS SELECT * FROM plain;
    CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE outside (line text) SERVER files OPTIONS (filename '/dev/null');
    CREATE SCHEMA billing; CREATE TABLE billing.invoices (id int);
    CREATE UNLOGGED TABLE quick (id int);
    CREATE TABLE empty_of_columns ();
    CREATE TEMP TABLE passing (id int);
    CREATE EXTENSION pg_stat_statements`)
  const tables = await tablesOf(database.url)
  const kinds = [...tables].map(([name, table]) => [name, table.kind, table.onlyWhenNamed ?? null])
  expect(kinds).toEqual([
    ['billing.invoices', 'table', null],
    ['child', 'table', null],
    ['empty_of_columns', 'table', null],
    ['looking', 'view', 'a view'],
    ['measures', 'partitioned table', null],
    ['never_filled', 'materialized view', null],
    ['outside', 'foreign table', 'a foreign table'],
    ['parent', 'table', null],
    ['pg_stat_statements', 'view', 'part of the extension pg_stat_statements'],
    ['pg_stat_statements_info', 'view', 'part of the extension pg_stat_statements'],
    ['plain', 'table', null],
    ['quick', 'table', null],
    ['summary', 'materialized view', null],
  ])
  expect(tables.get('measures')?.primaryKey).toEqual(['day', 'n'])
  expect(tables.get('plain')?.columns[0]).toMatchObject({ name: 'id', nullable: false, sourceType: 'integer' })
  expect(tables.get('empty_of_columns')?.columns).toEqual([])
  expect(tables.get('never_filled')?.denied?.reason).toContain('never been filled')
})

test('columns: in order, without dropped ones; generated and identity columns by their type', async () => {
  const database = await testDatabase(`
    CREATE TABLE t (a int, gone int, "select" text NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (a * 2) STORED);
    ALTER TABLE t DROP COLUMN gone; ALTER TABLE t ADD COLUMN late date`)
  const columns = (await tablesOf(database.url))
    .get('t')
    ?.columns.map(({ name, type, nullable }) => [name, type, nullable])
  expect(columns).toEqual([
    ['a', 'INTEGER', true],
    ['select', 'VARCHAR', false],
    ['id', 'BIGINT', false],
    ['twice', 'INTEGER', true],
    ['late', 'DATE', true],
  ])
})

test('hostile names: unchanged', async () => {
  const long = 'ü'.repeat(31)
  const names = [
    '../../etc/x',
    'a*b',
    '[x]',
    'quo"te',
    '_dwh',
    '🦆',
    'a.b',
    `${long}é`.slice(0, 31),
    "it's",
    '$1',
    '\\',
    'Order',
    'order',
    'x\ny',
  ]
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  const database = await testDatabase(
    `CREATE SCHEMA ${quote(long)}; ${names
      .map((name) => `CREATE TABLE ${quote(long)}.${quote(name)} (${quote(name)} int)`)
      .join('; ')}`,
  )
  const tables = [...(await tablesOf(database.url)).values()]
  expect(tables.map((table) => table.name).sort()).toEqual([...names].sort())
  for (const table of tables) {
    expect(table.schema).toBe(long)
    expect(table.columns.map((column) => column.name)).toEqual([table.name])
  }
})

test('estimates: present if the server has one, summed over partitions', async () => {
  const database = await testDatabase(`
    CREATE TABLE m (n int) PARTITION BY LIST (n);
    CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2);
    INSERT INTO m SELECT 1 + i % 2 FROM generate_series(1, 5000) i; ANALYZE m; CREATE TABLE fresh (n int)`)
  const tables = await tablesOf(database.url)
  expect(tables.get('m')).toMatchObject({ estimatedRows: 5000 })
  expect(tables.get('m')?.estimatedBytes).toBeGreaterThan(5000 * 24)
  expect(tables.get('fresh')?.estimatedRows).toBeUndefined()
})

test('tables that the role may not read: denied, with the GRANT that helps', async () => {
  const database = await testDatabase(`
    CREATE TABLE open_to_all (id int); CREATE TABLE closed (id int); CREATE TABLE half (id int, secret text);
    CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON guarded USING (id > 1);
    CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int)`)
  const role = `reader_${database.name}`
  await database.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'x';
    GRANT SELECT ON open_to_all, guarded TO "${role}"; GRANT SELECT (id) ON half TO "${role}"; GRANT SELECT ON hidden.t TO "${role}"`)
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
  })
  const url = new URL(database.url)
  url.username = role
  url.password = 'x'
  const tables = await tablesOf(url.href)
  expect(tables.get('open_to_all')?.denied).toBeUndefined()
  expect(tables.get('closed')?.denied).toEqual({
    reason: 'no SELECT privilege',
    hint: `GRANT SELECT ON "public"."closed" TO "${role}"; or exclude closed.`,
    sql: `GRANT SELECT ON "public"."closed" TO "${role}";`,
  })
  expect(tables.get('half')?.denied).toBeUndefined()
  expect(tables.get('half')?.columns.map((column) => column.denied?.sql)).toEqual([
    undefined,
    `GRANT SELECT ("secret") ON "public"."half" TO "${role}";`,
  ])
  expect(tables.get('guarded')?.denied?.reason).toContain('row-level security')
  expect(tables.get('hidden.t')?.denied?.reason).toContain('no USAGE privilege on schema hidden')
  expect((await tablesOf(database.url)).get('guarded')?.denied).toBeUndefined()
})

test('1,600 columns, 300 tables, locked tables: listed without waiting for a lock', async () => {
  const database = await testDatabase(`
    CREATE TABLE wide (${Array.from({ length: 1600 }, (_, i) => `c${i} int`).join(', ')});
    DO $$ BEGIN FOR i IN 1..300 LOOP EXECUTE format('CREATE TABLE t%s (id int)', i); END LOOP; END $$`)
  await withClient(database.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE wide IN ACCESS EXCLUSIVE MODE')
    const tables = await tablesOf(database.url)
    expect(tables.size).toBe(301)
    expect(tables.get('wide')?.columns.length).toBe(1600)
  })
})

test('interrupted DETACH PARTITION: the partition is a separate table, and both note how to finish it', async () => {
  const database = await testDatabase(`CREATE SCHEMA s; CREATE TABLE s.m (n int) PARTITION BY LIST (n);
    CREATE TABLE s.m1 PARTITION OF s.m FOR VALUES IN (1); CREATE TABLE s.m2 PARTITION OF s.m FOR VALUES IN (2) PARTITION BY LIST (n);
    CREATE TABLE s.m2a PARTITION OF s.m2 FOR VALUES IN (2)`)
  await detachHalfway(database, 's.m', 's.m2')
  const tables = await tablesOf(database.url)
  expect([...tables.keys()]).toEqual(['s.m', 's.m2'])
  const [note] = tables.get('s.m')?.notes ?? []
  expect(note).toMatchObject({
    id: 'detach_pending',
    found: expect.stringContaining('s.m2: DETACH PARTITION ... CONCURRENTLY from s.m was interrupted'),
    sql: 'ALTER TABLE "s"."m" DETACH PARTITION "s"."m2" FINALIZE;',
  })
  expect(tables.get('s.m2')?.notes).toEqual([note])
  await database.query(note?.sql ?? '')
  const after = await tablesOf(database.url)
  expect([...after].map(([name, { notes }]) => [name, notes])).toEqual([
    ['s.m', undefined],
    ['s.m2', undefined],
  ])
})

test('foreign parts, at any depth and by inheritance: the table is read only if named', async () => {
  const database = await testDatabase(`CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE TABLE m (n int) PARTITION BY LIST (n); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1) PARTITION BY LIST (n);
    CREATE FOREIGN TABLE m1a PARTITION OF m1 FOR VALUES IN (1) SERVER files OPTIONS (filename '/dev/null');
    CREATE TABLE parent (n int); CREATE TABLE kid () INHERITS (parent);
    CREATE FOREIGN TABLE far () INHERITS (kid) SERVER files OPTIONS (filename '/dev/null');
    CREATE TABLE local (n int)`)
  const tables = await tablesOf(database.url)
  const kinds = [...tables].map(([name, table]) => [name, table.onlyWhenNamed, table.outsideInstant, table.foreign])
  expect(kinds).toEqual([
    ['far', 'a foreign table', true, true],
    ['kid', 'partly foreign (far)', true, true],
    ['local', undefined, undefined, false],
    ['m', 'partly foreign (m1a)', true, true],
    ['parent', 'partly foreign (far)', true, true],
  ])
  expect(tables.get('m')?.notes).toEqual([expect.objectContaining({ id: 'foreign_parts', sql: null })])
})

test('children by inheritance: each once even with two parents, without partitions and temporary tables', async () => {
  const database =
    await testDatabase(`CREATE TABLE a (n int); CREATE TABLE b () INHERITS (a); CREATE TABLE c () INHERITS (a, b);
    CREATE TABLE m (n int) PARTITION BY LIST (n); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1)`)
  await withClient(database.url, async (client) => {
    await client.query('CREATE TEMP TABLE passing () INHERITS (a)')
    const tables = await tablesOf(database.url)
    const names = [...tables].map(([name, { children }]) => [name, children?.map(formatTableName)])
    expect(names).toEqual([
      ['a', ['b', 'c']],
      ['b', ['c']],
      ['c', undefined],
      ['m', undefined],
    ])
  })
})

test('columns for large objects: of type lo, and of type oid if the database contains large objects', async () => {
  const database = await testDatabase('CREATE EXTENSION lo; CREATE TABLE docs (file lo, number oid, n int)')
  const found = async () =>
    (await tablesOf(database.url))
      .get('docs')
      ?.columns.flatMap(({ name, refersTo }) => (refersTo === 'large objects' ? [name] : []))
  expect(await found()).toEqual(['file'])
  await database.query('SELECT lo_create(0)')
  expect(await found()).toEqual(['file', 'number'])
})

test('foreign keys: the other tables that they refer to, each once, whatever part of a table has them', async () => {
  const database = await testDatabase(`
    CREATE SCHEMA s; CREATE TABLE s."cust.omers" (id int PRIMARY KEY, parent int REFERENCES s."cust.omers");
    CREATE TABLE regions (id int PRIMARY KEY, code text UNIQUE);
    CREATE TABLE m (day int, id int, region int REFERENCES regions, before int, PRIMARY KEY (day, id),
      FOREIGN KEY (day, before) REFERENCES m) PARTITION BY LIST (day);
    CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1) PARTITION BY LIST (id);
    CREATE TABLE m1a PARTITION OF m1 FOR VALUES IN (1);
    CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2);
    ALTER TABLE m1a ADD CONSTRAINT only_here FOREIGN KEY (before) REFERENCES s."cust.omers" NOT VALID;
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES s."cust.omers", again int REFERENCES s."cust.omers",
      region text REFERENCES regions (code), day int, item int, FOREIGN KEY (day, item) REFERENCES m);
    CREATE TABLE of_part (day int, item int, FOREIGN KEY (day, item) REFERENCES m1a);
    CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE kid (r int REFERENCES regions, PRIMARY KEY (id)) INHERITS (parent);
    CREATE TABLE of_kid (id int REFERENCES kid); CREATE TABLE "constructor" (id int REFERENCES regions);
    CREATE TABLE alone (id int); CREATE VIEW looking AS SELECT * FROM orders`)
  const read = async () =>
    [...(await tablesOf(database.url))].map(([name, { references }]) => [name, references?.map(formatTableName)])
  const expected = (m: string[], more: [string, string[]][] = []) => [
    ['alone', undefined],
    ['"constructor"', ['regions']],
    ['kid', ['regions']],
    ['looking', undefined],
    ['m', [...m, 'regions', 's."cust.omers"']],
    ...more,
    ['of_kid', ['kid']],
    ['of_part', ['m']],
    ['orders', ['m', ...m, 'regions', 's."cust.omers"']],
    ['parent', ['regions']],
    ['regions', undefined],
    ['s."cust.omers"', undefined],
  ]
  expect(await read()).toEqual(expected([]))
  // a partition that is being detached is a table of its own, and keys still refer to its rows
  await detachHalfway(database, 'm', 'm2')
  expect(await read()).toEqual(expected(['m2'], [['m2', ['m', 'regions']]]))
})
