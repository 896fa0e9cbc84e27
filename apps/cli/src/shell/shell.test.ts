import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { type Workplace, workplace } from '../test-support.ts'

async function shop(): Promise<Workplace & { shell(input: string, ...args: string[]): ReturnType<Workplace['dwh']> }> {
  const database = await testDatabase(`
    CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'a;b'), (2, NULL);
    CREATE SCHEMA billing; CREATE TABLE billing.invoices AS SELECT 7 AS total`)
  const place = await workplace({ DATABASE_URL: database.url })
  const run = await place.dwh(['run', '--date', '2026-02-18'])
  expect(run.code, run.stderr).toBe(0)
  return { ...place, shell: (input, ...args) => place.dwh(['shell', ...args], { input }) }
}

test('script: multi-line statements, quotes, comments, dot commands, no last semicolon', async () => {
  const { shell } = await shop()
  const answer = await shell(`
.format csv
CREATE TEMP TABLE mine AS
  FROM orders; SET VARIABLE least = 2;
SELECT note, -- not here;
  ';"' AS "q;", $$;$$ AS d
  /* ; */ FROM mine WHERE id < getvariable('least');
.format jsonl
FROM billing.invoices`)
  expect(answer).toEqual({ code: 0, stdout: 'note,q;,d\na;b,";""",;\n{"total":7}\n', stderr: '' })
})

test('script: comments and blank lines before a dot command; a similar line inside a statement is SQL', async () => {
  const { shell } = await shop()
  const answer = await shell(`-- monthly report

/* as a file;
   of orders */
.format csv
-- all of them
.max-rows 0
SELECT 'a
.format json
b' AS t; /* and */ -- then
.format jsonl
/* within a comment
.format csv
is one */
FROM billing.invoices`)
  expect(answer).toEqual({ code: 0, stdout: 't\n"a\n.format json\nb"\n{"total":7}\n', stderr: '' })
})

test('script with an error: stops there and shows it', async () => {
  const { shell } = await shop()
  const failed = await shell('SELECT 1 AS one;\nSELECT nothing;\nSELECT 2 AS two;\n', '--format', 'csv')
  expect(failed).toMatchObject({ code: 1, stdout: 'one\n1\n' })
  expect(failed.stderr).toMatch(/^error: .*nothing/)
  expect(await shell('.tabels\nSELECT 1;')).toMatchObject({
    code: 2,
    stdout: '',
    stderr:
      'error: .tabels: unknown command\n  Did you mean .tables? .help lists the commands; SQL statements end with a semicolon.\n',
  })
  expect(await shell("SELECT 'open")).toMatchObject({ code: 1 })
})

test('dot commands', async () => {
  const { shell } = await shop()
  const { stdout, stderr, code } = await shell(
    '.tables\n.schema billing.*\n.timer on\nSELECT 1 AS one;\n.timer off\n.max-rows 2\nFROM range(5);\n.help\n.quit\nSELECT 3;',
  )
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/^TABLE +DATE +ROWS +SIZE +COLUMNS\nbilling\.invoices .*\norders +2026-02-18 +2 /)
  expect(stdout).toMatch(/\nbilling\.invoices +2026-02-18 +1 rows .*\n {2}total +INTEGER +integer\n/)
  expect(stdout).toContain(' range\n───────\n     0\n     1\n(first 2 rows)\n')
  expect(stdout).toMatch(/\.as-of \[day\] .*\n/)
  expect(stdout).not.toContain('3\n')
  expect(stderr).toMatch(/^\d+ ms\nOnly the first 2 rows are shown: \.max-rows 0 shows all, \.format csv /)
})

test('what people type in psql, sqlite3, mysql and duckdb: does the same, or says what does it here', async () => {
  const { shell } = await shop()
  const same = await shell(
    `\\l\n\\dn\n\\dt+ orders\n\\d orders\n\\d\n.mode csv\n.headers off\nSHOW TABLES;\n.mode line\nSELECT 1 AS one;\n\\x auto
.show\n\\timing\n\\timing\n.tables billing.*\n?\n\\?\nhelp;\nUSE billing;\n.mode box\nFROM invoices;\n.q\nSELECT 'not' || ' reached';`,
  )
  expect(same.code, same.stderr).toBe(0)
  const lines = same.stdout.split('\n')
  expect(lines.slice(0, 3)).toEqual([
    expect.stringMatching(/warehouse: 2 tables/),
    'billing: 1 table',
    'public: 1 table',
  ])
  expect(same.stdout).toMatch(/\norders +2026-02-18 +2 rows.*\n {2}id +INTEGER/)
  expect(same.stdout).toMatch(/\norders\n─\[ row 1 \]─+\n one │ 1\n\(1 row\)\nformat: auto\n/)
  expect(same.stdout).toContain('format: auto, max-rows: 1000, header: off, pager: on, timer: off\n')
  expect(same.stdout.match(/^\.help +show this list$/gm)).toHaveLength(3)
  expect(same.stdout).toMatch(/ total\n───────\n {5}7\n\(1 row\)\n$/)

  for (const [line, hint] of [
    ['.open other.db', 'dwh shell --storage'],
    ['\\c other', '.as-of DAY'],
    ['.read report.sql', 'dwh shell < FILE'],
    ['\\o out.csv', 'COPY (FROM orders)'],
    ['.mode html', '.format html: unknown format'],
    ['.tabels', 'Did you mean .tables?'],
    ['use other;', 'USE takes one of its schemas: billing, public.'],
    ['FROM gone;', '`.tables` shows more about them'],
    ['.schema gone', '`.tables` lists all tables'],
  ] as const) {
    const { code, stderr } = await shell(line)
    expect(code, line).not.toBe(0)
    expect(stderr, line).toContain(hint)
  }
})

test('.as-of: shows another day, then the last run again', async () => {
  const { shell, dwh } = await shop()
  expect((await dwh(['run', '--date', '2026-02-19'])).code).toBe(0)
  const { stdout, stderr, code } = await shell(
    '.format csv\nCREATE TEMP TABLE mine AS SELECT 1 AS n;\n.as-of 2026-02-18\nSELECT count(*) AS n FROM orders;\nBEGIN;\n.as-of\nCOMMIT;\n.as-of\nFROM mine;',
    '--as-of',
    '2026-02-19',
  )
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(
    /^\S+\/warehouse: 2 tables, as of 2026-02-18, snapshot \S+ \S+\nn\n2\n.* as of 2026-02-18, .*\n.*: 2 tables, as of 2026-02-19, published just now, snapshot \S+ \S+\nn\n1\n$/,
  )
  expect(stderr).toBe('A transaction is open: COMMIT or ROLLBACK first.\n')
  const none = await shell('.as-of 2020-01-01')
  expect(none).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the first day of the warehouse is 2026-02-18'),
  })
})

test('script larger than a pipe, with --json: all results', async () => {
  const { shell } = await shop()
  const rows = Array.from({ length: 20_000 }, (_, i) => `(${i}, 'row ${i}')`).join(',\n')
  const { stdout } = await shell(
    `CREATE TABLE t AS FROM (VALUES\n${rows}) v(i, s);\nSELECT count(*) AS n FROM t;`,
    '--json',
  )
  expect(stdout).toBe('[\n  {"n":20000}\n]\n')
})

test('no warehouse yet: exit code 2', async () => {
  const { dwh } = await workplace()
  expect(await dwh(['shell'], { input: 'SELECT 1;' })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no warehouse here yet'),
  })
})
