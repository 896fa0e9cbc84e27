import { createHash } from 'node:crypto'
import type { Detection, DetectionRequest, EarlierRows, SourceSnapshot, TableSchema } from '@dwh/core'
import type { Code } from './build-code.ts'

/** What a warehouse would hold of a table after a day, and what detection said that day. */
export interface Held extends EarlierRows {
  readonly answer: Detection
  /** Of all rows as they are read, in no order. */
  readonly hash: string
}

/** What is held of each table, by its name. */
export type Day = ReadonlyMap<string, Held>

export interface TakeDayOptions {
  readonly connection: string
  /** The day before; undefined for the first. */
  readonly earlier?: Day | undefined
  /** Default: all tables. */
  readonly names?: readonly string[]
  /** Changes every hash: the version of the program that reads. */
  readonly release?: string
}

/** Asks about all tables in one new snapshot, and reads each in full in the same snapshot. */
export async function takeDay(
  { postgresSource }: Code,
  { connection, earlier, names, release = '' }: TakeDayOptions,
): Promise<Day> {
  const snapshot = await postgresSource({ connection }).open()
  try {
    const tables = (await snapshot.tables()).filter(({ name }) => names?.includes(name) ?? true)
    const requests = tables.map((table): DetectionRequest => ({ table, earlier: earlier?.get(table.name) ?? null }))
    const answers = (await snapshot.detect?.(requests)) as readonly Detection[]
    const day = new Map<string, Held>()
    for (const [at, table] of tables.entries()) {
      const answer = answers[at] as Detection
      const { rows, hash } = await readTable(snapshot, table)
      // as a state returns from etl.json
      const state = JSON.parse(JSON.stringify(answer.state))
      day.set(table.name, { answer, state, rows, hash: `${release}${hash}` })
    }
    return day
  } finally {
    await snapshot.close()
  }
}

async function readTable(snapshot: SourceSnapshot, table: TableSchema): Promise<{ rows: number; hash: string }> {
  const rows: string[] = []
  for await (const batch of snapshot.read(table).rows) rows.push(...batch.map((row) => JSON.stringify(row)))
  const names = table.columns.map(({ name }) => name)
  return {
    rows: rows.length,
    hash: createHash('sha256')
      .update([...names, ...rows.sort()].join('\n'))
      .digest('hex'),
  }
}
