import type { QueryResult } from 'pg'
import type { PgTable } from '../catalog/list-tables.ts'
import { blockRanges } from '../read/block-ranges.ts'
import { checkLocked, lockStatements } from '../read/lock-table.ts'
import type { OnTable } from '../read/on-table.ts'
import type { PgClient } from '../session/pg-client.ts'
import type { SnapshotReader } from '../snapshot-reader.ts'
import { countStatement, type RowCount, toRowCount } from './count-rows.ts'

export interface TableToCount {
  /** Identifies the table in the result. */
  readonly at: number
  readonly table: PgTable
  /** xmin of the earlier snapshot. */
  readonly since: string
}

export interface CountTablesOptions {
  readonly parallel: number
  readonly signal: AbortSignal | undefined
}

/** Number of small tables that share a round trip. */
const TOGETHER = 20
/**
 * How long a group waits for a lock, while it holds others: less than `deadlock_timeout`, so that no statement of the
 * application is ever ended to resolve a deadlock with us. Then each table is tried by itself.
 */
const LOCK_TOGETHER_MS = 100
/** A table of at least this size is counted by itself, and in ranges on several readers. */
const LARGE_BYTES = 16 * 1024 * 1024

/** A large table is counted in so many ranges for each reader, which then finish at about the same time. */
const RANGES_OF_READER = 4

/** Tables to count in one round trip, or one table, or one range of a table. */
interface Task {
  readonly tables: readonly TableToCount[]
  readonly range?: string | undefined
  /** True if the table may be divided into ranges. */
  readonly whole: boolean
}

/**
 * Counts tables on all readers, each under its lock, as a read takes it. A table that fails gets its error, and does
 * not fail the others.
 * @throws DwhError ABORTED, and errors that end the snapshot
 */
export async function countTables(
  reader: SnapshotReader,
  tables: readonly TableToCount[],
  { parallel, signal }: CountTablesOptions,
): Promise<Map<number, RowCount | Error>> {
  const counts = new Map<number, RowCount | Error>()
  const queue = toTasks(tables)
  const workers = new Set<Promise<void>>()
  let ended: { readonly error: unknown } | undefined

  function hire(): void {
    while (workers.size < parallel && queue.length > 0) {
      const worker: Promise<void> = work().finally(() => workers.delete(worker))
      workers.add(worker)
    }
  }

  async function work(): Promise<void> {
    for (let task = queue.shift(); task; task = queue.shift()) {
      try {
        for await (const { at, rows, fresh } of run(reader, task, {
          parallel,
          signal,
          idle: () => queue.length === 0,
          divide: divide(task),
        }))
          add(at, { rows, fresh })
      } catch (error) {
        try {
          reader.throwIfOver(signal)
        } catch (over) {
          ended ??= { error: over }
          queue.length = 0
          return
        }
        // a failure in a group may be that of one table: each is tried by itself
        if (task.tables.length > 1) queue.unshift(...task.tables.map((table) => ({ tables: [table], whole: true })))
        else for (const { at } of task.tables) counts.set(at, error as Error)
      }
    }
  }

  function divide({ tables: divided }: Task): (ranges: readonly (string | undefined)[]) => void {
    return (ranges) => {
      queue.unshift(...ranges.map((range) => ({ tables: divided, range, whole: false })))
      hire()
    }
  }

  function add(at: number, { rows, fresh }: RowCount): void {
    const sum = counts.get(at) ?? { rows: 0, fresh: 0 }
    if (!(sum instanceof Error)) counts.set(at, { rows: sum.rows + rows, fresh: sum.fresh + fresh })
  }

  hire()
  while (workers.size > 0) await Promise.race(workers)
  if (ended) throw ended.error
  return counts
}

/** Large tables first, each by itself. */
function toTasks(tables: readonly TableToCount[]): Task[] {
  const isLarge = ({ table }: TableToCount) => (table.estimatedBytes ?? 0) >= LARGE_BYTES
  const small = tables.filter((table) => !isLarge(table))
  const groups: Task[] = []
  for (let at = 0; at < small.length; at += TOGETHER)
    groups.push({ tables: small.slice(at, at + TOGETHER), whole: true })
  return [...tables.filter(isLarge).map((table) => ({ tables: [table], whole: true })), ...groups]
}

interface Counted extends RowCount {
  readonly at: number
}

interface RunOptions extends CountTablesOptions {
  /** True if no other table waits for a reader. */
  idle(): boolean
  /** Adds ranges of the table of a task to the queue. */
  divide(ranges: readonly (string | undefined)[]): void
}

function run(
  reader: SnapshotReader,
  { tables, range, whole }: Task,
  { parallel, signal, idle, divide }: RunOptions,
): AsyncIterable<Counted> {
  const [first] = tables as readonly [TableToCount, ...TableToCount[]]
  if (tables.length > 1) {
    const together: OnTable<Counted> = async function* ({ client }) {
      yield* await countTogether(client, tables)
    }
    return reader.onOneReader(first.table, { signal }, together, { lock: async () => {} })
  }
  return reader.onOneReader(first.table, { signal }, async function* ({ client, last }, table) {
    // a range costs a quarter more than its share of a scan of the whole table
    const [own, ...others] =
      whole && !last && parallel > 1 && idle() ? await blockRanges(client, table, parallel * RANGES_OF_READER) : [range]
    if (others.length > 0) divide(others)
    const counted = await client.query(countStatement(table, first.since, own))
    yield { at: first.at, ...toRowCount(counted) }
  })
}

/** Locks, checks and counts several tables in one round trip. */
async function countTogether(client: PgClient, counted: readonly TableToCount[]): Promise<Counted[]> {
  const tables = counted.map(({ table }) => table)
  const locks = lockStatements(tables)
  const counts = counted.map(({ table, since }) => countStatement(table, since))
  const all = [`SET LOCAL lock_timeout = ${LOCK_TOGETHER_MS}`, ...locks, ...counts]
  const answers = ((await client.query(all.join(';\n'))) as unknown as QueryResult[]).slice(1)
  checkLocked(tables, answers.slice(0, locks.length))
  return counted.map(({ at }, index) => ({ at, ...toRowCount(answers[locks.length + index] as QueryResult) }))
}
