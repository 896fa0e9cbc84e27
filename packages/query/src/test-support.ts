import { createHash } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import {
  type EtlState,
  formatTableName,
  type ObjectStore,
  quoteIdentifier,
  quoteLiteral,
  type TableEntry,
  type TableName,
  tableFileKey,
} from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { onTestFinished } from 'vitest'
import { localFiles, openSession, type Session, valueText } from './index.ts'

/** A warehouse on disk, written by DuckDB. Tests may change its state while a session is open. */
export interface TestWarehouse {
  readonly root: string
  readonly store: ObjectStore
  state: EtlState
  /** How often the state was read. */
  reads: number
  /** Writes a table's file with the result of a query, and makes it current. */
  write(table: Partial<TableName>, select: string): Promise<TableEntry>
  open(): Promise<Session>
}

export async function testWarehouse(folder = 'warehouse'): Promise<TestWarehouse> {
  const root = join(await temporaryFolder(), folder)
  const store = localStore({ path: root })
  const house: TestWarehouse = {
    root,
    store,
    reads: 0,
    state: {
      version: 4,
      last_run_at: null,
      status: 'success',
      duration_ms: 1,
      counts: {},
      run_id: 'r1',
      sources: {},
      fencing_token: 0,
      months: {},
      copies_pending: [],
      retired: [],
      tables: {},
      column_ids: {},
      failed_tables: {},
      last_failure: null,
      conditional_writes: true,
    },
    async write({ schema = 'public', name = 't' }, select) {
      const key = tableFileKey({ schema, name }, '2026-02-18')
      const path = join(root, key)
      await mkdir(dirname(path), { recursive: true })
      const columns = await duckdb(`COPY (${select}) TO ${quoteLiteral(path)} (FORMAT parquet)`, `DESCRIBE ${select}`)
      const body = await readFile(path)
      const entry: TableEntry = {
        source: { name: 'default', schema, table: name },
        run_id: 'r1',
        date: '2026-02-18',
        mode: 'snapshot',
        snapshot: { id: null, position: null, taken_at: 'x' },
        files: [
          { key, rows: 1, bytes: (await stat(path)).size, sha256: createHash('sha256').update(body).digest('hex') },
        ],
        columns: columns.map(([column, type]) => ({
          name: column as string,
          type: type as string,
          nullable: true,
          source_type: null,
        })),
        proof: { level: 'counts', rows: 1 },
        schema_hash: 'x',
        primary_key: [],
        watermark: null,
        lossy_conversions: {},
      }
      house.state = { ...house.state, tables: { ...house.state.tables, [formatTableName({ schema, name })]: entry } }
      return entry
    },
    async open() {
      const readState = async () => {
        house.reads += 1
        return house.state
      }
      const session = await openSession({ tables: house.state.tables, files: localFiles({ store, readState }) })
      onTestFinished(() => session.close())
      return session
    },
  }
  return house
}

/** Runs statements in a new DuckDB; returns the rows of the last one. */
export async function duckdb(...statements: string[]): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    let rows: unknown[][] = []
    for (const sql of statements) rows = (await connection.runAndReadAll(sql)).getRowsJson()
    return rows
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** Runs statements; returns the last result as text. */
export async function ask(session: Session, sql: string): Promise<(string | null)[][]> {
  let answer: (string | null)[][] = []
  for await (const { columns, rows } of session.query(sql)) {
    answer = []
    for await (const batch of rows)
      answer.push(...batch.map((row) => row.map((value, i) => valueText(value, columns[i]?.type as never))))
  }
  return answer
}

export { quoteIdentifier }
