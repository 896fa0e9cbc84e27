import { createHash } from 'node:crypto'
import type { Detection, DetectionRequest, EarlierRows, SourceSnapshot, TableSchema } from '@dwh/core'
import { postgresSource } from '../index.ts'

/** What one snapshot says about a table, and what a warehouse would hold of it then. */
export interface Day extends EarlierRows {
  readonly answer: Detection
  /** Of all rows as they are read, in no order; null if they cannot be read. */
  readonly hash: string | null
}

/** Hashes all rows of a table in a snapshot. */
export async function hashRows(snapshot: SourceSnapshot, table: TableSchema): Promise<{ hash: string; rows: number }> {
  const rows: string[] = []
  for await (const batch of snapshot.read(table).rows) rows.push(...batch.map((row) => JSON.stringify(row)))
  return { hash: createHash('sha256').update(rows.sort().join('\n')).digest('hex'), rows: rows.length }
}

export async function findTable(snapshot: SourceSnapshot, name: string): Promise<TableSchema> {
  const table = (await snapshot.tables()).find((each) => each.name === name)
  if (!table) throw new Error(`no table ${name}`)
  return table
}

/** How a table is read, other than plainly. */
export type Reading = (table: TableSchema) => Partial<DetectionRequest>

/** Asks in one new snapshot about several tables, and reads each in full in the same snapshot. */
export async function takeDays(
  connection: string,
  tables: ReadonlyMap<string, { readonly earlier: EarlierRows | null; readonly reading?: Reading | undefined }>,
): Promise<Map<string, Day>> {
  const snapshot = await postgresSource({ connection }).open()
  try {
    const requests: DetectionRequest[] = []
    for (const [name, { earlier, reading }] of tables) {
      const table = await findTable(snapshot, name)
      requests.push({ table, earlier, ...reading?.(table) })
    }
    const answers = (await snapshot.detect?.(requests)) as readonly Detection[]
    const days = new Map<string, Day>()
    for (const [at, name] of [...tables.keys()].entries()) {
      const answer = answers[at] as Detection
      const { table } = requests[at] as DetectionRequest
      const read = table.columns.some((column) => column.denied)
        ? { hash: null, rows: 0 }
        : await hashRows(snapshot, table)
      days.set(name, { answer, state: answer.state, ...read })
    }
    return days
  } finally {
    await snapshot.close()
  }
}

/** `takeDays` of one table. */
export async function takeDay(
  connection: string,
  name: string,
  earlier: EarlierRows | null,
  reading?: Reading,
): Promise<Day> {
  return (await takeDays(connection, new Map([[name, { earlier, reading }]]))).get(name) as Day
}

/** `unchanged`, or the id of the reason. */
export function said({ answer }: { readonly answer: Detection }): string {
  return answer.changed ? answer.reason.id : 'unchanged'
}
