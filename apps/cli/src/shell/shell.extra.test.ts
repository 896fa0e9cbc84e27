import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { type TestDatabase, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { openTerminal, type Terminal } from '../terminal.test-support.ts'
import { type Workplace, workplace } from '../test-support.ts'

/** Starts `dwh shell` on a real terminal. */
function terminal(
  place: Workplace,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Terminal {
  return openTerminal(place, ['shell', ...args], { env, columns: 120 })
}

async function shop(): Promise<{ place: Workplace; database: TestDatabase }> {
  const database = await testDatabase('CREATE TABLE customers AS SELECT i AS id FROM generate_series(1, 3) i')
  const place = await workplace({ DATABASE_URL: database.url })
  expect((await place.dwh(['run', '--date', '2026-02-18'])).code).toBe(0)
  return { place, database }
}

test('session: several lines, an error, completion, a new run, exit', async () => {
  const { place, database } = await shop()
  const shell = terminal(place)
  expect(await shell.shown(/dwh> $/)).toMatch(
    /warehouse: 1 table, as of 2026-02-18, published just now,\s+snapshot\s+\S+\s+\S+\n/,
  )
  shell.type('SELECT count(*) AS n\r')
  await shell.shown(/ -> $/)
  shell.type("FROM customers WHERE 'x;\r")
  await shell.shown(/ '> $/)
  shell.type("' <> '';\r")
  await shell.shown(/ n\n───\n 3\n\(1 row\)\ndwh> $/)
  shell.type('SELECT nothing;\r')
  await shell.shown(/error: .*nothing[\s\S]*dwh> $/)
  shell.type("SELECT nothing; SELECT 'not' || ' reached';\r")
  expect(await shell.shown(/dwh> $/)).not.toContain('not reached')
  shell.type('-- only a comment\r')
  await shell.shown(/comment\ndwh> $/)
  shell.type('CREATE TEMP TABLE mine AS SELECT 41 + 1 AS answer;\r')
  await shell.shown(/dwh> $/)

  shell.type('SELECT count(*) FROM cust\t')
  await shell.shown(/customers/)
  shell.type(';\r')
  await shell.shown(/ 3\n\(1 row\)\ndwh> $/)
  shell.type('.form\t')
  await shell.shown(/\.format/)
  shell.type(' csv\r')
  await shell.shown(/dwh> $/)

  await database.query('INSERT INTO customers VALUES (4)')
  expect((await place.dwh(['run', '--date', '2026-02-19'])).code).toBe(0)
  shell.type('SELECT count(*) FROM customers, mine;\r')
  await shell.shown(
    /A new run: as of 2026-02-19, published just now,\s+snapshot\s+\S+\s+\S+\ncount_star\(\)\n4\ndwh> $/,
  )

  shell.type('.as-of 2026-02-18\r')
  await shell.shown(/2026-02-18> $/)
  shell.type('SELECT count(*) FROM customers, mine;\r')
  await shell.shown(/count_star\(\)\n3\n2026-02-18> $/)
  shell.type('\x04')
  expect(await shell.ended()).toBe(0)
  const history = await readFile(join(place.folder, '../home/.cache/dwh/history'), 'utf8')
  expect(history).toMatch(/^SELECT count\(\*\) AS n\n/)
})

test('Ctrl-C: stops the statement, clears the line, and the session goes on', async () => {
  const { place } = await shop()
  const shell = terminal(place)
  await shell.shown(/dwh> $/)
  shell.type('CREATE TEMP TABLE mine AS SELECT 1 AS kept;\r')
  await shell.shown(/dwh> $/)
  shell.type('SELECT count(*) FROM range(100000000000) a, range(1000) b;\r')
  await shell.shown(/range\(1000\) b;\n/)
  await new Promise((resolve) => setTimeout(resolve, 500))
  shell.type('\x03')
  await shell.shown(/\^C\nstopped\ndwh> $/)
  shell.type("SELECT 'half\r")
  await shell.shown(/'> $/)
  shell.type('and more\x03')
  await shell.shown(/\^C\n[\s\S]*dwh> $/)
  shell.type('FROM mine;\r')
  await shell.shown(/ kept\n──────\n +1\n\(1 row\)\ndwh> $/)
  // the arrow key recalls the last statement from the history
  shell.type('\x1b[A\r')
  await shell.shown(/FROM mine;\n[\s\S]* +1\n\(1 row\)\ndwh> $/)
  shell.type('exit\r')
  expect(await shell.ended()).toBe(0)
})

test('Ctrl-C while a bucket does not answer: stops the wait; the session goes on and exits at once', async () => {
  const server = await startS3Server({ buckets: ['bucket'] })
  onTestFinished(() => server.close())
  const env = {
    DWH_STORAGE: 's3://bucket/data',
    S3_ENDPOINT: server.url,
    AWS_ACCESS_KEY_ID: server.credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credential.secretAccessKey,
  }
  const database = await testDatabase('CREATE TABLE customers AS SELECT 1 AS id')
  const place = await workplace({ ...env, DATABASE_URL: database.url })
  expect((await place.dwh(['run', '--date', '2026-02-18'])).code).toBe(0)
  const shell = terminal(place, [], env)
  await shell.shown(/dwh> $/)
  for (const line of ['.as-of 2026-02-18', 'SELECT 1;']) {
    const hanging = server.script({
      when: ({ operation }) => operation === 'GetObject',
      times: 1,
      do: { hang: 'answer' },
    })
    shell.type(`${line}\r`)
    await hanging.reached
    shell.type('\x03')
    await shell.shown(/\^C\nstopped\ndwh> $/)
  }
  shell.type('.quit\r')
  expect(await shell.ended()).toBe(0)
})
