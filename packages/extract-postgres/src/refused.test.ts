import type { SourceSnapshot, TableSchema } from '@dwh/core'
import { testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { postgresSource } from './index.ts'

async function open(sql: string, encoding?: string): Promise<SourceSnapshot> {
  const { url } = await testDatabase(sql, encoding ? { encoding } : {})
  const snapshot = await postgresSource({ connection: url, parallel: 1 }).open()
  onTestFinished(() => snapshot.close())
  return snapshot
}

async function tableOf(snapshot: SourceSnapshot, name: string): Promise<TableSchema> {
  return (await snapshot.tables()).find((table) => table.name === name) as TableSchema
}

type Way = 'rows' | 'copy' | 'survey'

async function failure(snapshot: SourceSnapshot, name: string, way: Way, where?: string) {
  const table = await tableOf(snapshot, name)
  const options = { where }
  async function read() {
    if (way === 'survey') await snapshot.survey?.(table, { proof: 'columns', native: true }, options)
    else if (way === 'copy') for await (const _ of snapshot.readCopy?.(table, options).copy ?? []);
    else for await (const _ of snapshot.read(table, options).rows);
  }
  return read().then(
    () => null,
    ({ code, message, hint }) => ({ code, message, hint }),
  )
}

const WAYS: Way[] = ['rows', 'copy', 'survey']

test.each(WAYS)('by %s: all', async (way) => {
  const snapshot = await open(
    `create table people(id int primary key, a int, name text); insert into people select i, i, 'x' from generate_series(1, 5000) i; update people set name = E'M\\xfcller' where id = 4711;
     create view v as select id, 100/(id-4711) as r from people;
     create view o as select id, 100/(id-4711) as r from people order by id;
     create view c as select id, 1/0 as r from people;
     `,
    'SQL_ASCII',
  )
  for (const name of ['people', 'v', 'o', 'c']) console.log(await failure(snapshot, name, way))
  console.log(await failure(snapshot, 'people', way, '1 / (id - 3) > 0'))
  console.log(await failure(snapshot, 'people', way, 'idd > 0'))
})
