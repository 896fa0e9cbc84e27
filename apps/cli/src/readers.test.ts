import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { workplace } from './test-support.ts'

const VISITS = `CREATE TYPE pair AS (a int, b text);
  CREATE TABLE visits (id uuid PRIMARY KEY, opens time, tags text[], pairs pair, doc jsonb, day date, at timestamptz, n numeric);
  INSERT INTO visits VALUES ('2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11', '08:00', '{a,NULL}', '(1,"x,y")', '{"k": 1.0}', '2026-01-01', now(), 1.5),
    ('00000000-0000-0000-0000-000000000000', NULL, '{}', NULL, 'null', NULL, NULL, NULL)`

async function visits(settings: object, extract = 'auto') {
  const database = await testDatabase(VISITS)
  const { folder, dwh } = await workplace({ DATABASE_URL: database.url, DWH_EXTRACT: extract })
  const configure = (changed: object) => writeFile(join(folder, 'dwh.json'), JSON.stringify(changed))
  await configure(settings)
  const columns = async () => {
    const { tables } = JSON.parse(await readFile(join(folder, 'warehouse/etl.json'), 'utf8'))
    return Object.fromEntries(
      tables.visits.columns.map(({ name, type, stored_as, stored_for }: Record<string, string>) => [
        name,
        [type, stored_as, stored_for].filter(Boolean).join(' '),
      ]),
    )
  }
  return { ...database, dwh, configure, columns }
}

test.each(['rows', 'copy'])(
  'readers, by %s: types that they read exactly, in the plan and in etl.json',
  async (extract) => {
    const { dwh, columns } = await visits({ readers: ['spark', 'clickhouse'], verify: 'hash' }, extract)
    const plan = await dwh(['plan'])
    expect(plan.code, plan.stderr).toBe(0)
    expect(plan.stdout).toContain(`
Stored differently for a reader:
-  visits.id     uuid as VARCHAR (text)                    for spark
-  visits.opens  time without time zone as VARCHAR (text)  for spark, clickhouse
-  visits.pairs  public.pair as VARCHAR (json)             for clickhouse
-  visits.doc    jsonb as VARCHAR (text)                   for clickhouse
`)
    const run = await dwh(['run'])
    expect(run.code, run.stderr).toBe(0)
    expect(await columns()).toEqual({
      id: 'VARCHAR text spark',
      opens: 'VARCHAR text spark,clickhouse',
      tags: 'VARCHAR[]',
      pairs: 'VARCHAR json clickhouse',
      doc: 'VARCHAR text clickhouse',
      day: 'DATE',
      at: 'TIMESTAMP WITH TIME ZONE',
      n: 'DECIMAL(38,1)',
    })
    const answer = await dwh(['query', '--json', "SELECT id, opens, pairs, doc FROM visits WHERE doc <> 'null'"])
    expect(JSON.parse(answer.stdout)).toEqual([
      { id: '2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11', opens: '08:00:00', pairs: '{"a":1,"b":"x,y"}', doc: '{"k": 1.0}' },
    ])
  },
)

test('readers: values that one misreads are refused by table and column, until a choice allows them', async () => {
  const readers = ['clickhouse', 'pandas']
  const { dwh, query, configure, columns } = await visits({ readers })
  await query(`UPDATE visits SET day = 'infinity', at = '0044-03-15 BC' WHERE doc <> 'null'`)
  for (const verify of ['columns', 'counts']) {
    await configure({ readers, verify })
    const refused = await dwh(['run'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(
      'error: visits: column day: clickhouse fails on infinity, pandas fails on infinity; column at: clickhouse changes years before 1 or after 9999, pandas fails on years before 1 or after 9999\n',
    )
    expect(refused.stderr).toMatch(/columns\.types\.day of table visits: text .*nullify .*default/)
    expect(refused.stderr).toMatch(/columns\.types\.at of table visits: text .*, or iso8601 .*, or default/)
  }
  await configure({ readers, tables: { visits: { columns: { types: { day: 'nullify', at: 'default' } } } } })
  const plan = await dwh(['plan'])
  expect(plan.stdout).not.toContain('Not exact for a reader')
  const run = await dwh(['run'])
  expect(run.code, run.stderr).toBe(0)
  expect(run.stderr).toContain('- visits: column day: 1 value stored as NULL, as set in columns.types\n')
  expect(await columns()).toMatchObject({ day: 'DATE nullify', at: 'TIMESTAMP WITH TIME ZONE' })
})

test('readers: a NULL list makes its column text for ClickHouse, and it stays so', async () => {
  const readers = ['clickhouse']
  const { dwh, query, columns } = await visits({ readers, verify: 'counts' })
  expect((await dwh(['run'])).code).toBe(0)
  expect(await columns()).toMatchObject({ tags: 'VARCHAR[]' })
  await query(`UPDATE visits SET tags = NULL WHERE doc = 'null'`)
  expect((await dwh(['run'])).stderr).toContain(
    '- visits: column tags was VARCHAR[], is VARCHAR: its values need it, for clickhouse\n',
  )
  expect(await columns()).toMatchObject({ tags: 'VARCHAR json clickhouse' })
  await query(`UPDATE visits SET tags = '{}' WHERE tags IS NULL`)
  expect((await dwh(['run'])).stderr).not.toContain('column tags')
  const answer = await dwh(['query', '--format', 'csv', 'SELECT tags FROM visits ORDER BY tags'])
  expect(answer.stdout).toBe('tags\n"[""a"",null]"\n[]\n')
})

test('doctor --readers: names the columns that a reader misreads, without a source', async () => {
  const { dwh, query, configure } = await visits({})
  await query(`UPDATE visits SET day = 'infinity', tags = NULL WHERE doc <> 'null'`)
  expect((await dwh(['run'])).code).toBe(0)
  const away = ['doctor', '--source', 'postgres://nobody@127.0.0.1:1/gone', '--readers']
  const spark = await dwh([...away, 'spark'])
  expect(spark.code).toBe(1)
  expect(spark.stdout).toBe(`visits.id     UUID  spark cannot open a file with UUID
visits.opens  TIME  spark cannot open a file with TIME
visits.day    DATE  spark fails on infinity

3 columns of 1 table not read exactly by spark
To store them so that they are: readers: [spark] in dwh.yaml, then dwh run. See docs/readers.md
`)
  expect(await dwh([...away, 'duckdb'])).toMatchObject({
    code: 0,
    stdout: 'Every column of 1 table is read exactly by duckdb\n',
  })
  await configure({ readers: ['clickhouse'] })
  const own = JSON.parse((await dwh([...away, '--json'])).stdout)
  expect(own.readers).toEqual(['clickhouse'])
  expect(own.columns).toContainEqual({
    table: 'visits',
    column: 'tags',
    type: 'VARCHAR[]',
    reader: 'clickhouse',
    certain: true,
    values: 'NULL lists',
    misreading: 'changes',
  })
  expect(await dwh([...away, 'sparc'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean "spark"?'),
  })
})

test('readers: what the user chose stays, and the plan names who misreads it', async () => {
  const { dwh } = await visits({
    readers: ['polars'],
    types: { jsonb: 'default' },
    tables: { visits: { columns: { types: { id: 'default' } } } },
  })
  expect((await dwh(['plan'])).stdout).toContain(`
Not exact for a reader, by your choice:
-  visits.id   polars gives bytes instead of UUID
-  visits.doc  polars gives bytes instead of JSON
`)
  const [{ columns }] = JSON.parse((await dwh(['plan', '--json', '--readers', 'spark'])).stdout).tables
  expect(columns.find(({ name }: Record<string, string>) => name === 'opens')).toMatchObject({
    type: 'VARCHAR',
    stored_as: 'text',
    stored_for: ['spark'],
    misread_by: [],
  })
})
