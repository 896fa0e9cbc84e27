import type { ColumnType, SourceColumn, SourceSnapshot, StoreAs, TableProfile, TableSchema } from '@dwh/core'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { postgresSource } from '../index.ts'

async function open(sql: string): Promise<SourceSnapshot> {
  const { url } = await testDatabase(sql)
  const snapshot = await postgresSource({ connection: url }).open()
  onTestFinished(() => snapshot.close())
  return snapshot
}

type Wish = Partial<Pick<SourceColumn, 'minimumType' | 'storeAs'>>

async function profile(snapshot: SourceSnapshot, name: string, wish: Wish = {}, where?: string): Promise<TableProfile> {
  const table = await tableOf(snapshot, name)
  const columns = table.columns.map((column) => ({ ...column, ...wish }))
  const found = await snapshot.profileTable?.({ ...table, columns }, { proof: 'columns', native: true }, { where })
  return found as TableProfile
}

async function tableOf(snapshot: SourceSnapshot, name: string): Promise<TableSchema> {
  return (await snapshot.tables()).find((table) => table.name === name) as TableSchema
}

describe('numeric without precision', () => {
  // values, previous type, resulting type
  const CASES: [string, string[], ColumnType | undefined, ColumnType][] = [
    ['nothing', [], undefined, 'DECIMAL(38,0)'],
    ['nulls', ['NULL'], undefined, 'DECIMAL(38,0)'],
    ['zeros at the end do not count as digits', ['1.500', '2'], undefined, 'DECIMAL(38,1)'],
    ['38 digits', ['1234567890123456789012345678901234567', '0.1'], undefined, 'DECIMAL(38,1)'],
    ['38 digits after the point', ['0.00000000000000000000000000000000000001'], undefined, 'DECIMAL(38,38)'],
    ['39 digits', ['12345678901234567890123456789012345678', '0.1'], undefined, 'VARCHAR'],
    ['NaN', ["'NaN'", '1'], undefined, 'VARCHAR'],
    ['infinity', ["'-Infinity'"], undefined, 'VARCHAR'],
    ['previous type that is wider: stays', ['1.5'], 'DECIMAL(38,4)', 'DECIMAL(38,4)'],
    ['previous type that is too narrow: gets wider', ['1.55555'], 'DECIMAL(38,4)', 'DECIMAL(38,5)'],
    [
      'too many digits together with the previous type',
      ['1234567890123456789012345678901234567'],
      'DECIMAL(38,4)',
      'VARCHAR',
    ],
    ['text stays text', ['1'], 'VARCHAR', 'VARCHAR'],
  ]
  test.each(CASES)('%s', async (_, values, minimumType, type) => {
    const rows = values.map((value) => `(${value}::numeric)`).join(', ')
    const snapshot = await open(`CREATE TABLE t (n numeric); ${rows ? `INSERT INTO t VALUES ${rows}` : ''}`)
    const wish = minimumType ? { minimumType } : {}
    expect((await profile(snapshot, 't', wish)).types).toEqual({ n: type })
  })

  test('condition: only the rows that are read count', async () => {
    const snapshot = await open(`CREATE TABLE t AS SELECT * FROM (VALUES (1, 1.5), (2, 'NaN')) v (t, n)`)
    expect(await profile(snapshot, 't', {}, 't.t = 1 -- the first')).toMatchObject({
      types: { n: 'DECIMAL(38,1)' },
      proof: { rows: 1 },
    })
  })
})

describe('arrays', () => {
  const CASES: [string, string, string[], ColumnType | undefined, ColumnType][] = [
    ['lists', 'int[]', ["'{1,NULL}'", "'{}'", 'NULL'], undefined, 'INTEGER[]'],
    ['nothing', 'text[]', [], undefined, 'VARCHAR[]'],
    ['two dimensions', 'int[]', ["'{{1},{2}}'", "'{1}'"], undefined, 'JSON'],
    ['another lower bound', 'int[]', ["'[0:1]={1,2}'"], undefined, 'JSON'],
    ['JSON stays JSON', 'int[]', ["'{1}'"], 'JSON', 'JSON'],
    ['digits of all elements: one DECIMAL', 'numeric[]', ["'{1.5,NULL}'", "'{0.25}'"], undefined, 'DECIMAL(38,2)[]'],
    ['previous type that is wider: stays', 'numeric[]', ["'{1.5}'"], 'DECIMAL(38,3)[]', 'DECIMAL(38,3)[]'],
    ['NaN: text', 'numeric[]', ["'{NaN}'"], undefined, 'VARCHAR[]'],
  ]
  test.each(CASES)('%s', async (_, declared, values, minimumType, type) => {
    const rows = values.map((value) => `(${value})`).join(', ')
    const snapshot = await open(`CREATE TABLE t (a ${declared}); ${rows ? `INSERT INTO t VALUES ${rows}` : ''}`)
    const wish = minimumType ? { minimumType } : {}
    expect((await profile(snapshot, 't', wish)).types).toEqual({ a: type })
  })
})

describe('lossy conversions', () => {
  const CASES: [string, StoreAs, string, number][] = [
    ['numeric(10,2)', 'nullify', "('NaN'), (1), (NULL)", 1],
    ['numeric', 'nullify', "('NaN'), ('Infinity'), ('-Infinity'), (1.5)", 3],
    ['numeric', 'double', "(0.1), (1.5), (0.12345678901234567890), (1e300), ('NaN'), (NULL)", 1],
    ['timestamptz', 'nullify', "('294276-12-31'), ('infinity'), ('-infinity'), ('4000-01-01 BC')", 3],
    ['date', 'nullify', "('infinity'), ('-infinity'), ('5874897-12-31'), ('4000-01-01 BC'), (NULL)", 2],
    ['timestamp', 'nullify', "('294247-01-10 04:00:54.775806'), ('294247-01-10 04:00:54.775807')", 1],
  ]
  test.each(CASES)('%s as %s', async (declared, storeAs, values, lost) => {
    const snapshot = await open(`CREATE TABLE t (v ${declared}); INSERT INTO t VALUES ${values}`)
    const found = await profile(snapshot, 't', {
      storeAs,
      ...((await tableOf(snapshot, 't')).columns[0]?.allowedTypes?.[storeAs] ?? {}),
    })
    expect(found.lossyConversions).toEqual({ v: { choice: storeAs, values: lost } })
  })

  test('numeric beyond double: refused, and the table named', async () => {
    const snapshot = await open('CREATE TABLE t (v numeric); INSERT INTO t VALUES (1e400)')
    await expect(
      profile(snapshot, 't', { storeAs: 'double', type: 'DOUBLE', inferred: false } as Wish),
    ).rejects.toThrow(/^t: .*out of range/)
  })
})

test('1,600 columns, three of them inferred: profiled', async () => {
  const columns = Array.from({ length: 1_596 }, (_, i) => `c${i} int DEFAULT ${i}`)
  const snapshot = await open(
    `CREATE TABLE t (${columns.join(', ')}, n numeric, a int[], b text[]); INSERT INTO t (n, a, b) VALUES (1.25, '{1,2}', '{{x}}')`,
  )
  const { types, proof } = await profile(snapshot, 't')
  expect(types).toMatchObject({ c0: 'INTEGER', c1595: 'INTEGER', n: 'DECIMAL(38,2)', a: 'INTEGER[]', b: 'JSON' })
  expect(proof.columns).toMatchObject({
    c1595: { values: '1', sum: '1595' },
    a: { values: '1', elements: '2', sum: '3' },
  })
})

test('columns named like our aliases: profiled', async () => {
  const snapshot = await open(
    `CREATE TABLE t (t numeric, e int[], n int[], "e0.f0" numeric, u text); INSERT INTO t VALUES (1.5, '{1}', '{2,3}', 2, 'x')`,
  )
  expect(await profile(snapshot, 't')).toMatchObject({
    types: { t: 'DECIMAL(38,1)', e: 'INTEGER[]', n: 'INTEGER[]', 'e0.f0': 'DECIMAL(38,0)' },
    proof: { columns: { e: { sum: '1' }, n: { sum: '5' }, u: { bytes: '1' } } },
  })
})

test('foreign table: no type is decided, since it is outside the snapshot', async () => {
  const snapshot = await open(`CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE outside (n numeric, a int[]) SERVER files OPTIONS (filename '/dev/null', format 'csv')`)
  expect((await profile(snapshot, 'outside')).types).toEqual({ n: 'VARCHAR', a: 'JSON' })
})

test.each([
  ['a number', 'next()', 'DECIMAL(38,1)', 'volatile: 1.33333333333333333333'],
  ['an array of them', 'ARRAY[next(), NULL]', 'DECIMAL(38,1)[]', /^volatile: .*1\.33333333333333333333/],
] as const)(
  'view with more digits when it is read than when it was profiled: not rounded: %s',
  async (_, value, type, sent) => {
    const snapshot = await open(
      `CREATE FUNCTION next() RETURNS numeric LANGUAGE sql VOLATILE AS 'SELECT 1 + 1.0 / 3'; CREATE VIEW v AS SELECT ${value} AS n`,
    )
    const table = await tableOf(snapshot, 'v')
    const columns = table.columns.map((column) => ({ ...column, type, inferred: false }))
    for await (const batch of snapshot.read({ ...table, columns }).rows)
      expect(batch).toEqual([[typeof sent === 'string' ? sent : expect.stringMatching(sent)]])
  },
)
