import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { workplace } from './test-support.ts'

const PRICES = `CREATE TABLE prices (id uuid PRIMARY KEY DEFAULT '2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11', amount numeric(10,2), free numeric, at timestamptz, tags text[]);
  INSERT INTO prices (amount, free, at, tags) VALUES ('NaN', 0.12345678901234567890, '2026-02-18 03:00:12.5+01', '{a,NULL}')`

test.each(['rows', 'copy'])(
  'NaN in a numeric(10,2), by %s: refused, with the settings that allow it',
  async (method) => {
    const { url } = await testDatabase(PRICES)
    const { folder, dwh } = await workplace({ DATABASE_URL: url, DWH_EXTRACT: method })
    const refused = await dwh(['run'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      /^error: prices: column amount: "NaN" is not a value of DECIMAL\(10,2\) \(row with id=2f1c1d6a-.*\)\n {2}Nothing was changed.* set columns\.types\.amount of table prices: text .*double .*nullify/m,
    )

    const settings = {
      types: { uuid: 'text' },
      tables: { prices: { columns: { types: { amount: 'nullify', free: 'double', at: 'iso8601' } } } },
    }
    await writeFile(join(folder, 'dwh.json'), JSON.stringify(settings))
    const run = await dwh(['run', '--json'])
    expect(run.code, run.stderr).toBe(0)
    expect(run.stderr).toContain('- prices: column amount: 1 value stored as NULL, as set in columns.types\n')
    expect(run.stderr).toContain('- prices: column free: 1 value not exact as DOUBLE, as set in columns.types\n')
    const lossy_conversions = { amount: { choice: 'nullify', values: 1 }, free: { choice: 'double', values: 1 } }
    expect(JSON.parse(run.stdout)).toMatchObject({
      lossy_conversions: { prices: lossy_conversions },
      tables: { prices: { method } },
    })
    const answer = await dwh(['query', '--json', 'SELECT *, typeof(id) AS type FROM prices'])
    expect(JSON.parse(answer.stdout)).toEqual([
      {
        id: '2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11',
        amount: null,
        free: 0.12345678901234568,
        at: '2026-02-18T02:00:12.5+00:00',
        tags: ['a', null],
        type: 'VARCHAR',
      },
    ])
    const { tables } = JSON.parse(await readFile(join(folder, 'warehouse/etl.json'), 'utf8'))
    expect(tables.prices.lossy_conversions).toEqual(lossy_conversions)
  },
)

test('column type grows wider: one note, and the type stays', async () => {
  const { url, query } = await testDatabase('CREATE TABLE t (n numeric, a int[]); INSERT INTO t VALUES (1.5, $${1}$$)')
  const { dwh } = await workplace({ DATABASE_URL: url })
  expect((await dwh(['run'])).stderr).not.toContain('- t:')
  await query(`UPDATE t SET n = 1.555, a = '{{1}}'`)
  expect((await dwh(['run'])).stderr).toContain(
    '- t: column n was DECIMAL(38,1), is DECIMAL(38,3): its values need it\n- t: column a was INTEGER[], is JSON: its values need it\n',
  )
  await query(`UPDATE t SET n = 1, a = '{1}'`)
  expect((await dwh(['run'])).stderr).not.toContain('- t:')
  expect((await dwh(['query', '--format', 'csv', 'SELECT n, a FROM t'])).stdout).toBe('n,a\n1.000,[1]\n')
})

test('types in settings: common names in any case are accepted', async () => {
  const { url } = await testDatabase(`CREATE TYPE "Mood" AS ENUM ('ok'); CREATE DOMAIN whole AS int4;
    CREATE TABLE t (at timestamptz(3), i int4, d decimal(10,2), f float8, b bool, c char(3), "all" timestamptz[], w whole, m "Mood")`)
  const { folder, dwh } = await workplace({ DATABASE_URL: url })
  const types = { TIMESTAMPTZ: 'iso8601', int: 'text', decimal: 'double', float8: 'text', bool: 'text', char: 'text' }
  // the table has none of these types
  const unused = { varbit: 'text', timetz: 'text', 'character varying': 'text', mood: 'text' }
  await writeFile(join(folder, 'dwh.json'), JSON.stringify({ types: { ...types, ...unused } }))
  const plan = await dwh(['plan', '--json'])
  expect(plan.code, plan.stderr).toBe(0)
  const [{ columns }] = JSON.parse(plan.stdout).tables
  expect(columns.map(({ name, type }: Record<string, string>) => `${name} ${type}`)).toEqual([
    'at VARCHAR',
    'i VARCHAR',
    'd DOUBLE',
    'f VARCHAR',
    'b VARCHAR',
    'c VARCHAR',
    'all JSON',
    'w INTEGER',
    'm VARCHAR',
  ])
  await writeFile(join(folder, 'dwh.json'), JSON.stringify({ types: { int8: 'iso8601', timestmptz: 'iso8601' } }))
  const hint = 'Name a type of the source, without precision, or remove the line. Did you mean "timestamptz"?'
  expect(await dwh(['plan'])).toMatchObject({
    code: 2,
    stderr: `error: types: "timestmptz": the source has no such type\n  ${hint}\n`,
  })
  const doctor = await dwh(['doctor', '--json'])
  const { checks } = JSON.parse(doctor.stdout)
  expect(checks.find(({ id }: Record<string, string>) => id === 'source.tables')).toMatchObject({
    status: 'failed',
    found: 'types: "timestmptz": the source has no such type',
  })
})

test.each([
  [
    { tables: { t: { columns: { types: { n: 'iso8601' } } } } },
    /tables: t: columns\.types\.n: numeric\(10,2\) cannot be stored as iso8601\n.*text or double or nullify/,
  ],
  [{ tables: { t: { columns: { types: { m: 'text' } } } } }, /tables: t: no column "m"/],
  [{ types: { integer: 'double' } }, /types: integer: integer cannot be stored as double\n {2}Choose text/],
])('unknown type choice: %j: refused', async (settings, message) => {
  const { url } = await testDatabase('CREATE TABLE t (n numeric(10,2), i int)')
  const { folder, dwh } = await workplace({ DATABASE_URL: url })
  await writeFile(join(folder, 'dwh.json'), JSON.stringify(settings))
  expect(await dwh(['plan'])).toMatchObject({ code: 2, stderr: expect.stringMatching(message) })
})
