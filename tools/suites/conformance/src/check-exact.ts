import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { type ExtractionMethod, proofDifferences, type TableSchema } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import {
  createDatabase,
  type PostgresVersion,
  startTestServer,
  type TestDatabase,
  temporaryFolder,
} from '@dwh/test-kit'
import { expect, onTestFinished } from 'vitest'
import { profiled, through } from './methods.ts'
import { READERS, type Text } from './readers.ts'
import { SETUP, TORTURE, type TortureType, tortureSql } from './torture.ts'

/**
 * Copies every value of every type of a Postgres with these methods, reads the files with two readers, and puts the
 * values back into Postgres, where they must be equal.
 */
export async function checkExact(
  version: PostgresVersion,
  methods: readonly ExtractionMethod[],
  { types = TORTURE, extensionDirectory }: { types?: readonly TortureType[]; extensionDirectory?: string } = {},
): Promise<void> {
  const database = await serverWithTorture(version, types)
  const folder = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: join(folder, 'temp'), extensionDirectory })
  onTestFinished(() => writer.close())
  const snapshot = await postgresSource({ connection: database.url }).open()
  onTestFinished(() => snapshot.close())
  const [found] = (await snapshot.tables()).filter(({ name }) => name === 'torture')
  const { table, profile } = await profiled(snapshot, found as TableSchema)
  expect(table.columns.slice(1).map(({ type }, index) => [types[index]?.declared, type])).toEqual(
    types.map(({ declared, becomes }) => [declared, becomes]),
  )
  for (const method of methods) {
    const path = join(folder, `${method}.parquet`)
    await writer.write({ path, columns: table.columns, data: await through(method, snapshot, table, profile) })
    const proof = await writer.prove(path, table.columns, 'hash')
    const columns = table.columns.map((column) => ({ ...column, as: column.name }))
    expect(proofDifferences(profile.proof, proof, columns), method).toEqual([])
    for (const [reader, read] of Object.entries(READERS)) {
      const rows = await read(path, table.columns)
      expect(await lostOnTheWay(database, types, rows), `${method}, read by ${reader}`).toEqual([])
    }
  }
}

async function serverWithTorture(version: PostgresVersion, types: readonly TortureType[]): Promise<TestDatabase> {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  const server = await startTestServer({ folder, version })
  onTestFinished(() => server.stop())
  const database = await createDatabase(server.url())
  await database.query(SETUP)
  await database.query(tortureSql(types))
  return database
}

/** Puts the texts back into Postgres, casts them to their original types, and returns those that differ. */
async function lostOnTheWay(
  database: TestDatabase,
  types: readonly TortureType[],
  rows: readonly Record<string, Text>[],
): Promise<string[]> {
  const columns = types.map((_, index) => `c${index} text`)
  await database.query(`DROP TABLE IF EXISTS back; CREATE TABLE back (id int, ${columns.join(', ')})`)
  await database.query('INSERT INTO back SELECT * FROM json_populate_recordset(NULL::back, $1)', [JSON.stringify(rows)])
  const { rows: counts } = await database.query(
    'SELECT count(*)::int AS rows, count(b.id)::int AS back, (SELECT count(*)::int FROM back) AS all FROM torture LEFT JOIN back b USING (id)',
  )
  expect(counts).toEqual([{ rows: rows.length, back: rows.length, all: rows.length }])
  const lost: string[] = []
  for (const [index, type] of types.entries()) {
    const differs = difference(type, `t.c${index}`, `b.c${index}`)
    const { rows: different } = await database.query(
      `SELECT left(t.c${index}::text, 60) AS was, left(b.c${index}, 60) AS is FROM torture t JOIN back b USING (id) WHERE ${differs}`,
    )
    lost.push(...different.map(({ was, is }) => `${type.declared}: ${was} -> ${is}`))
  }
  return lost
}

/** Returns a condition that is true if the text `back` is not the value `was`. */
function difference({ declared, becomes }: TortureType, was: string, back: string): string {
  const element = declared.replace('[]', '')
  // a row of nulls IS NULL, although it is not null
  const nullness = `(${was} IS NOT DISTINCT FROM NULL) <> (${back} IS NULL)`
  const value = (() => {
    if (declared === 'public.pair') return `json_populate_record(NULL::public.pair, ${back}::json)`
    if (declared === 'public.pair[]')
      return `CASE WHEN ${back} IS NOT NULL THEN ARRAY(SELECT CASE WHEN e::text <> 'null' THEN json_populate_record(NULL::public.pair, e) END FROM json_array_elements(${back}::json) e) END`
    if (declared === 'public.hstore')
      return `CASE WHEN ${back} IS NOT NULL THEN (SELECT coalesce(public.hstore(array_agg(key), array_agg(value)), '') FROM json_each_text(${back}::json)) END`
    if (becomes.endsWith('[]')) {
      const type = declared === 'public.numbers' ? 'int4' : element
      return `CASE WHEN ${back} IS NOT NULL THEN ARRAY(SELECT e::${type} FROM json_array_elements_text(${back}::json) WITH ORDINALITY AS a (e, n) ORDER BY n) END`
    }
    return null
  })()
  if (value === null && declared.endsWith('[]')) return `${nullness} OR to_json(${was})::text <> ${back}`
  // trailing zeros are not part of the number
  if (element === 'numeric') return `${nullness} OR ${was} <> ${value ?? `${back}::numeric`}`
  return `${nullness} OR format('%s', ${was}) <> format('%s', ${value ?? `${back}::${declared}`})`
}
