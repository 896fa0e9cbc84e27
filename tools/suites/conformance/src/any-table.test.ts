import { join } from 'node:path'
import { proofDifferences } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { profiled, through } from './methods.ts'

interface AnyColumn {
  readonly declared: string
  readonly values: readonly (string | null)[]
}

const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', ''))
const digits = (length: number) => fc.stringMatching(new RegExp(`^-?[0-9]{1,${length}}(\\.[0-9]{1,${length}})?$`))
const moment = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().replace(/^\+00/, ''))
const arrayOf = (item: fc.Arbitrary<string>) =>
  fc
    .array(
      fc.option(
        item.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`),
        { nil: 'NULL' },
      ),
      { maxLength: 4 },
    )
    .map((items) => `{${items.join(',')}}`)

const TYPES: readonly [string, fc.Arbitrary<string>][] = [
  ['bool', fc.boolean().map(String)],
  ['int4', fc.integer().map(String)],
  ['int8', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
  ['float4', fc.float().map(String)],
  ['float8', fc.double().map((value) => (Object.is(value, -0) ? '-0' : String(value)))],
  ['numeric', digits(12)],
  ['numeric', digits(40)],
  ['numeric(20,4)', digits(8)],
  ['text', text],
  ['varchar(50)', text.map((value) => [...value].slice(0, 50).join(''))],
  ['bytea', fc.uint8Array({ maxLength: 20 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`)],
  ['timestamptz', fc.oneof(moment, fc.constantFrom('infinity', '-infinity', '0044-03-15 12:00:00+00 BC'))],
  ['timestamp', moment],
  ['date', moment.map((value) => value.slice(0, 10))],
  ['uuid', fc.uuid()],
  ['json', fc.json().map((value) => value.replaceAll('\\u0000', ''))],
  ['int4[]', arrayOf(fc.integer().map(String))],
  ['text[]', arrayOf(text)],
  ['numeric[]', arrayOf(digits(10))],
  ['interval', fc.integer({ min: -1e9, max: 1e9 }).map((value) => `${value} seconds`)],
]

const anyTable = fc
  .tuple(fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 8 }), fc.integer({ min: 0, max: 30 }))
  .chain(([types, rows]) =>
    fc.tuple(
      ...types.map(([declared, value]) =>
        fc
          .array(fc.option(value, { freq: 5 }), { minLength: rows, maxLength: rows })
          .map((values): AnyColumn => ({ declared, values })),
      ),
    ),
  )

test('any table: its files equal Postgres, row by row', async () => {
  const database = await testDatabase()
  const folder = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: join(folder, 'temp') })
  onTestFinished(() => writer.close())
  let count = 0
  await fc.assert(
    fc.asyncProperty(anyTable, async (columns) => {
      count += 1
      const name = `t${count}`
      await database.query(`CREATE TABLE ${name} (${columns.map(({ declared }, i) => `c${i} ${declared}`).join(', ')})`)
      const rows = columns[0]?.values.map((_, row) =>
        Object.fromEntries(columns.map(({ values }, i) => [`c${i}`, values[row]])),
      )
      // as text, for the type's input function
      const cells = columns.map(({ declared }, i) => `(r ->> 'c${i}')::${declared}`)
      await database.query(`INSERT INTO ${name} SELECT ${cells.join(', ')} FROM json_array_elements($1) r`, [
        JSON.stringify(rows),
      ])
      const snapshot = await postgresSource({ connection: database.url }).open()
      try {
        const [offered] = (await snapshot.tables()).filter((table) => table.name === name)
        if (!offered) throw new Error('no table')
        const { table, profile } = await profiled(snapshot, offered)
        for (const method of ['rows', 'copy'] as const) {
          const path = join(folder, `${name}-${method}.parquet`)
          await writer.write({ path, columns: table.columns, data: await through(method, snapshot, table, profile) })
          const proof = await writer.prove(path, table.columns, 'hash')
          const same = table.columns.map((column) => ({ ...column, as: column.name }))
          expect(proofDifferences(profile.proof, proof, same), method).toEqual([])
        }
      } finally {
        await snapshot.close()
      }
      await database.query(`DROP TABLE ${name}`)
    }),
    { numRuns: 40 },
  )
})
