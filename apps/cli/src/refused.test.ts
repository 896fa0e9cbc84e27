import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { workplace } from './test-support.ts'

const PEOPLE = `CREATE TABLE people (id int PRIMARY KEY, name text); INSERT INTO people VALUES (1, E'M\\xfcller'), (2, NULL)`

test('text not in the encoding of the database: refused with its place; decoded or stored as bytes by setting', async () => {
  const { url } = await testDatabase(PEOPLE, { encoding: 'SQL_ASCII' })
  const { folder, dwh } = await workplace({ DATABASE_URL: url })
  const say = (type: unknown) =>
    writeFile(join(folder, 'dwh.json'), JSON.stringify({ tables: { people: { columns: { types: { name: type } } } } }))
  const refused = await dwh(['run'])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(
    /^error: people: column name: Postgres refuses "M\\xfcller": invalid byte sequence .* \(row with id=1\)\n {2}To store it anyway, set columns\.types\.name of table people: \{ encoding: windows-1252 \}/m,
  )
  await say({ encoding: 'windows-1525' })
  const wrong = await dwh(['plan'])
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(
    /columns\.types\.name: the source does not know the encoding "windows-1525"\n {2}Did you mean "windows-125\d"\?/,
  )

  await say({ encoding: 'latin-1' })
  expect(await dwh(['run'])).toMatchObject({ code: 0 })
  const query = ['query', '--format', 'csv', 'SELECT id, name, typeof(name) AS t FROM people ORDER BY id']
  expect((await dwh(query)).stdout).toBe('id,name,t\n1,Müller,VARCHAR\n2,,VARCHAR\n')
  await say('bytes')
  expect(await dwh(['run'])).toMatchObject({ code: 0 })
  expect((await dwh(['query', '--format', 'csv', 'SELECT hex(name) AS name FROM people WHERE id = 1'])).stdout).toBe(
    'name\n4DFC6C6C6572\n',
  )
})

test('encoding setting, database in UTF8: exit code 2', async () => {
  const { url } = await testDatabase('CREATE TABLE people (name text)')
  const { folder, dwh } = await workplace({ DATABASE_URL: url })
  await writeFile(join(folder, 'dwh.json'), JSON.stringify({ types: { text: { encoding: 'latin1' } } }))
  expect(await dwh(['plan'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/types: text: text has no encoding to choose\n {2}Only texts of a database/),
  })
})

test('names that are not valid text: plan, doctor and init say how to exclude them, and the rest is read', async () => {
  const { url } = await testDatabase(
    `CREATE TABLE good AS SELECT 1 AS id; DO $do$ DECLARE odd text := convert_from('\\x6dfc6c6c', 'SQL_ASCII'); BEGIN
      EXECUTE format('CREATE TABLE %I (id int)', odd); EXECUTE format('CREATE TABLE part (id int, %I int)', odd); END $do$`,
    { encoding: 'SQL_ASCII' },
  )
  const { folder, dwh } = await workplace({ DATABASE_URL: url })
  const plan = await dwh(['plan'])
  expect(plan.code).toBe(1)
  expect(plan.stderr).toContain('exclude: ["m%FCll"]')
  expect(plan.stderr).toContain('tables: { "part": { columns: { exclude: ["m%FCll"] } } }')
  const { checks } = JSON.parse((await dwh(['doctor', '--json'])).stdout)
  expect(checks.find(({ id }: Record<string, string>) => id === 'source.tables')).toMatchObject({
    status: 'failed',
    fix: expect.stringContaining('exclude: ["m%FCll"]'),
  })
  const init = await dwh(['init', '--print'])
  expect(init).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/exclude:\n.*its name is not text.*\n {2}- "m%FCll"/),
  })

  const settings = { exclude: ['m%FCll'], tables: { part: { columns: { exclude: ['m%FCll'] } } } }
  await writeFile(join(folder, 'dwh.json'), JSON.stringify(settings))
  const run = await dwh(['run', '--json'])
  expect(run.code, run.stderr).toBe(0)
  expect(Object.keys(JSON.parse(run.stdout).tables).sort()).toEqual(['good', 'part'])
  const skipped = JSON.parse((await dwh(['plan', '--json'])).stdout).skipped
  expect(skipped).toEqual([{ table: 'm%FCll', reason: 'excluded by "m%FCll"' }])
})
