import { type ColumnType, type ExtractionMethod, elementType } from '@dwh/core'
import { beginSnapshot } from '@dwh/extract-postgres'
import { type TestDatabase, withClient } from '@dwh/test-kit'
import type { Text } from '../readers.ts'
import { type AnyType, anyType, SETUP } from './container-types.ts'
import { anyValue, delimiterOf } from './container-values.ts'
import { expectedJson, type Item, readArray } from './expected-json.ts'
import { type Random, randomFrom } from './random.ts'
import { openReadBack } from './read-back.ts'

export interface CheckContainersOptions {
  /** The seed of the first table; each further table adds one. */
  readonly seed: number
  readonly count: number
  /** The methods by which a table is read. */
  readonly methods: (index: number) => readonly ExtractionMethod[]
  readonly extensionDirectory?: string
}

interface SeededTable {
  readonly name: string
  readonly seed: number
  readonly types: readonly AnyType[]
}

/**
 * Makes tables with nested containers, writes each to a file, and returns where a file differs from the text that
 * Postgres's output functions print. Every proof must hold, too.
 */
export async function checkContainers(database: TestDatabase, options: CheckContainersOptions): Promise<string[]> {
  await database.query(SETUP)
  const tables = Array.from({ length: options.count }, (_, index) => options.seed + index)
  const made = await withClient(database.url, async (client) => {
    const all: SeededTable[] = []
    for (const seed of tables) all.push(await makeTable((sql, values) => client.query(sql, values), seed))
    return all
  })
  const readBack = await openReadBack(database.url, options)
  const differences: string[] = []
  for (const [index, { name, seed, types }] of made.entries()) {
    const printed = await printedRows(database, name)
    for (const method of options.methods(index)) {
      const say = (what: string) => differences.push(`seed ${seed}, ${method}: ${what}`)
      const { columns, rows, unproven } = await readBack(name, method)
      for (const difference of unproven) say(difference)
      if (rows.length !== printed.size) say(`${rows.length} rows`)
      for (const row of rows) {
        const expected = printed.get(row.id ?? '') ?? []
        for (const [at, type] of types.entries()) {
          const column = columns[at + 1]
          const [was, is] = [expected[at] ?? null, row[`c${at}`] ?? null]
          const right = column && same(type, column.type, was, is)
          if (!right) say(`row ${row.id}, ${type.declared} as ${column?.type}: ${was} -> ${is}`)
        }
      }
    }
  }
  return differences
}

type Query = (sql: string, values?: unknown[]) => Promise<unknown>

const MOST_ROWS = 6

async function makeTable(query: Query, seed: number): Promise<SeededTable> {
  const random: Random = randomFrom(seed)
  const name = `t${seed}`
  const statements: string[] = []
  const types = Array.from({ length: 1 + random.below(3) }, (_, i) =>
    anyType(random, `${name}_${i}`, 1 + random.below(4), statements),
  )
  const columns = types.map(({ declared }, i) => `c${i} ${declared}`)
  await query(`${statements.join(';\n')};\nCREATE TABLE mine.${name} (id int PRIMARY KEY, ${columns.join(', ')})`)
  for (let id = 0; id < MOST_ROWS; id += 1) {
    const values = types.map((type) => anyValue(random, type))
    await query(`INSERT INTO mine.${name} VALUES (${id}, ${types.map((_, i) => `$${i + 1}`).join(', ')})`, values)
  }
  return { name, seed, types }
}

/** Returns the texts of the cells by row id: a plain query prints each value with its type's output function. */
function printedRows(database: TestDatabase, name: string): Promise<Map<string, Text[]>> {
  return withClient(database.url, async (client) => {
    await beginSnapshot(client)
    const types = { getTypeParser: () => (value: unknown) => value }
    const { rows } = await client.query({ text: `SELECT * FROM mine.${name}`, rowMode: 'array', types } as never)
    return new Map((rows as unknown as Text[][]).map(([id, ...cells]) => [id ?? '', cells]))
  })
}

/** Whether a cell of the file equals the text that Postgres printed. */
function same(type: AnyType, column: ColumnType, was: Text, is: Text): boolean {
  if (was === null || is === null) return was === is
  if (column === 'JSON') return expectedJson(type, was) === is
  const element = elementType(column)
  if (element === null) return sameScalar(column, was, is)
  const [there, here] = [readArray(was, delimiterOf(elementOf(type))), JSON.parse(is) as Item[]]
  return (
    there.length === here.length &&
    there.every((item, i) => {
      const other = here[i] as Item
      return item === null || other === null ? item === other : sameScalar(element, String(item), String(other))
    })
  )
}

function elementOf(type: AnyType): AnyType {
  if (type.kind === 'domain') return elementOf(type.of)
  return type.kind === 'array' ? type.of : type
}

function sameScalar(type: ColumnType, was: string, is: string): boolean {
  if (type === 'BOOLEAN') return was === is.slice(0, 1)
  if (type === 'FLOAT' || type === 'DOUBLE') return Object.is(Number(plain(was)), Number(plain(is)))
  if (type.startsWith('DECIMAL')) return digits(was) === digits(is)
  // DuckDB prints the zone after the era in years before 1
  return was === is.replace(' BC+00', '+00 BC')
}

/** DuckDB prints `inf` and `nan`. */
const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/^(-?)inf$/, '$1infinity')
    .replace('infinity', 'Infinity')

const digits = (text: string) => {
  const bare = text.replace(/[$,]/g, '').replace(/^(-?)\./, '$10.')
  const short = bare.includes('.') ? bare.replace(/\.?0+$/, '') : bare
  return short === '-0' ? '0' : short
}
