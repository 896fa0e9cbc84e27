import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { testDatabase } from '@dwh/test-kit'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { openTerminal, type TerminalOptions } from '../terminal.test-support.ts'
import { type Workplace, workplace } from '../test-support.ts'

const CUSTOMERS = `CREATE TABLE customers AS SELECT i AS id, 'customer-' || i || '@example.com' AS email,
  'Ada Lovelace ' || i AS name, 'GB' AS country, '+44 20 7946 0018' AS phone, '12 St James''s Square' AS street,
  'London' AS city, 12.50::numeric(10,2) AS balance, '{"plan": "team", "seats": 12}'::jsonb AS metadata,
  timestamptz '2026-02-18 03:00:12.123456+00' AS created_at FROM generate_series(1, 60) i`

async function shop(): Promise<Workplace> {
  const database = await testDatabase(CUSTOMERS)
  const place = await workplace({ DATABASE_URL: database.url })
  const run = await place.dwh(['run', '--date', '2026-02-18'])
  expect(run.code, run.stderr).toBe(0)
  return place
}

/** What `dwh` shows on a terminal until it ends, and its exit code. */
async function run(place: Workplace, args: readonly string[], options?: TerminalOptions) {
  const terminal = openTerminal(place, args, options)
  const code = await terminal.ended()
  return { code, text: stripVTControlCharacters(terminal.raw()).replaceAll('\r', ''), raw: terminal.raw() }
}

/** A program that a terminal may use as pager. */
async function pager(place: Workplace, script: string): Promise<string> {
  const path = join(place.folder, 'pager')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

const widest = (text: string) => Math.max(...text.split('\n').map((line) => stringWidth(line)))

test('80x24: no line of a query or of the shell wraps', async () => {
  const place = await shop()
  const env = { DWH_PAGER: '' }
  const { code, text } = await run(place, ['query', 'FROM customers'], { env })
  expect(code).toBe(0)
  expect(text).toMatch(/^ id │ email .* │ … │ created_at\n/)
  expect(text).toMatch(/\n\(60 rows, 10 columns; \d not shown: .*metadata[\s\S]* --format vertical shows\s+all\)\n$/)
  expect(widest(text)).toBeLessThanOrEqual(80)
  const narrow = await run(place, ['query', '--format', 'auto', 'FROM customers'], { env, columns: 20 })
  expect(narrow.text).toMatch(/^─\[ row 1 \]─/)
  expect(widest(narrow.text)).toBeLessThanOrEqual(20)

  const shell = openTerminal(place, ['shell'], { env })
  const lines = [await shell.shown(/dwh> $/)]
  for (const line of [
    '.tables',
    '.schema',
    '.help',
    '\\x',
    'FROM customers LIMIT 2;',
    '\\x auto',
    'SELECT 1 AS a;',
    '.open x',
    '.max-rows 2',
    'FROM range(9);',
  ]) {
    shell.type(`${line}\r`)
    lines.push(await shell.shown(/\ndwh> $/))
  }
  expect(widest(lines.join(''))).toBeLessThanOrEqual(80)
  expect(lines.join('')).toMatch(/─\[ row 2 \]─+\n id +│ 2\n/)
  shell.type('exit\r')
  expect(await shell.ended()).toBe(0)
})

test('not a terminal: nothing is cut to a width, and no pager starts', async () => {
  const place = await shop()
  const { stdout } = await place.dwh(['query', 'FROM customers'], { env: { DWH_PAGER: 'false', COLUMNS: '80' } })
  expect(stdout).toContain('│ metadata')
  expect(stdout).toContain('customer-60@example.com')
  expect(stdout).toMatch(/\n\(60 rows\)\n$/)
})

test('pager: gets a result that is longer than the screen, and only such a one', async () => {
  const place = await shop()
  const env = { DWH_PAGER: "sed 's/^/paged/'", PAGER: 'false' }
  expect((await run(place, ['query', 'FROM customers'], { env })).text).toMatch(/^paged id │ [\s\S]*\npaged\(60 rows/)
  expect((await run(place, ['query', 'FROM customers LIMIT 3'], { env })).text).not.toContain('paged')
  expect((await run(place, ['query', '--no-pager', 'FROM customers'], { env })).text).not.toContain('paged')
  const csv = ['query', '--format', 'csv', 'SELECT id FROM customers']
  expect((await run(place, csv, { env: { PAGER: env.DWH_PAGER } })).text).toMatch(/^pagedid\npaged1\n/)
  expect((await run(place, csv, { env: { PAGER: 'cat' } })).text).toMatch(/^id\n1\n/)
})

test('pager: leaving it ends the query without an error, and the next statement runs', async () => {
  const place = await shop()
  const endless = "FROM range(1000000000000); SELECT 'next' AS t"
  const { code, text } = await run(place, ['query', '--format', 'csv', endless], { env: { PAGER: 'head -n 2' } })
  expect({ code, text }).toEqual({ code: 0, text: 'range\n0\nt\nnext\n' })
  // hours without a further row
  const silent = "SELECT i FROM range(100000000000000) t(i) WHERE i < 1000000 OR hash(i) = 1; SELECT 'next' AS t"
  const started = Date.now()
  const left = await run(place, ['query', '--format', 'csv', silent], { env: { PAGER: 'head -n 2' } })
  expect(left).toMatchObject({ code: 0, text: 'i\n0\nt\nnext\n' })
  expect(Date.now() - started).toBeLessThan(60_000)
})

test('pager: missing, failing at once or midway, the result is shown without it', async () => {
  const place = await shop()
  const sql = ['query', '--format', 'csv', 'SELECT id FROM customers']
  const all = `id\n${Array.from({ length: 60 }, (_, i) => `${i + 1}\n`).join('')}`
  for (const [command, code] of [
    ['no-such-pager', 127],
    ['exit 3', 3],
    ['head -n 1 > /dev/null; exit 4', 4],
  ] as const) {
    const shown = await run(place, sql, { env: { PAGER: command } })
    expect(shown.code, command).toBe(0)
    expect(shown.text, command).toContain(`note: pager ${command}: exit code ${code}\n`)
    expect(shown.text, command).toContain(all)
  }
  const large = ['query', '--format', 'csv', 'FROM range(200000)']
  const { text } = await run(place, large, { env: { PAGER: await pager(place, 'head -n 1 >/dev/null; exit 5') } })
  expect(text).toMatch(/\n0\n1\n[\s\S]*\n199998\n199999\n$/)
  // without a choice of the user, `less` that is not there is no news
  const none = await run(place, sql, { env: { PATH: '/nowhere' } })
  expect(none.text).toBe(all)
})

test('pager: Ctrl-C is for the pager', async () => {
  const place = await shop()
  const script = `trap 'echo interrupted' INT; cat > ${join(place.folder, 'got')}; echo waiting; read key </dev/tty; echo "key $key"`
  const terminal = openTerminal(place, ['query', 'FROM customers'], { env: { PAGER: await pager(place, script) } })
  await terminal.shown(/waiting\n/)
  terminal.type('\x03')
  await terminal.shown(/interrupted\n/)
  terminal.type('q\n')
  expect(await terminal.ended()).toBe(0)
  expect(terminal.raw()).not.toContain('error')
  expect(await readFile(join(place.folder, 'got'), 'utf8')).toContain('(60 rows')
})

test('pager in the shell: it gets the keys, then the prompt does', async () => {
  const place = await shop()
  const script = 'cat > /dev/null; echo waiting; read key </dev/tty; echo "key $key"'
  const shell = openTerminal(place, ['shell'], { env: { PAGER: await pager(place, script) } })
  await shell.shown(/dwh> $/)
  for (const key of ['q', 'r']) {
    shell.type('FROM customers;\r')
    await shell.shown(/waiting\n/)
    shell.type(`${key}\n`)
    await shell.shown(new RegExp(`key ${key}\\ndwh> $`))
  }
  shell.type('.pager off\r')
  await shell.shown(/dwh> $/)
  shell.type('FROM customers;\r')
  await shell.shown(/\n\(60 rows[\s\S]*\\x\s+shows\s+all\)\ndwh> $/)
  shell.type('\x04')
  expect(await shell.ended()).toBe(0)
})

test('a query over 2 s: a line says how far it is, and is erased', async () => {
  const place = await shop()
  const slow = 'SELECT count(DISTINCT hash(i::VARCHAR)) AS n FROM range(20000000) t(i)'
  const { code, raw } = await run(place, ['query', '--format', 'csv', slow])
  expect(code).toBe(0)
  expect(raw).toMatch(/\r(?:running for|[█░]{20} \d+ % ) *\d+\.\d s/)
  expect(raw.slice(raw.lastIndexOf('\r\u001b[K'))).toMatch(/^..\[Kn\r\n\d+\r\n$/s)
  const quick = await run(place, ['query', '--format', 'csv', 'SELECT 1 AS n'])
  expect(quick.raw).toBe('n\r\n1\r\n')
})

test('an unfinished statement: says so, and how to end or drop it', async () => {
  const place = await shop()
  const shell = openTerminal(place, ['shell'])
  await shell.shown(/dwh> $/)
  shell.type('SELECT 1 AS one\r')
  await shell.shown(/ -> $/)
  shell.type('\r')
  expect(await shell.shown(/ -> $/)).not.toContain('Not run')
  shell.type('\r')
  await shell.shown(/Not run yet: SELECT 1 AS one\nA semicolon ends and runs the statement, Ctrl-C drops it\.\n +-> $/)
  for (const line of ['exit', '.tables', '\\q']) {
    shell.type(`${line}\r`)
    await shell.shown(/Not run yet: SELECT 1 AS one\n.*\n +-> $/)
  }
  shell.type(';\r')
  await shell.shown(/one\n─+\n +1\n\(1 row\)\ndwh> $/)
  shell.type("SELECT 'a\r")
  await shell.shown(/ '> $/)
  shell.type('.quit\r')
  await shell.shown(/Not run yet: SELECT 'a\nIn it a text is open: end it with '\.\n.*\n +'> $/)
  shell.type("' AS t;\r")
  await shell.shown(/ a\\n\.quit\\n\n\(1 row\)\ndwh> $/)
  shell.type("SELECT ('abc')\r")
  await shell.shown(/ -> $/)
  shell.type('.upper() AS t;\r')
  await shell.shown(/ ABC\n\(1 row\)\ndwh> $/)
  shell.type('SELECT 1 AS one \\gx\r')
  await shell.shown(/\n one │ 1\n\(1 row\)\ndwh> $/)
  shell.type('SELECT 2 AS two\r\\g\r')
  await shell.shown(/\n two\n─+\n +2\n\(1 row\)\ndwh> $/)
  shell.type(':q\r')
  expect(await shell.ended()).toBe(0)
})
