import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { RunEvent, SelectionSettings } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { readState } from '@dwh/metadata'
import { openParquetWriter } from '@dwh/parquet-writer'
import { localStore } from '@dwh/storage'
import { type TestDatabase, temporaryFolder } from '@dwh/test-kit'
import { onTestFinished } from 'vitest'
import { type RunReport, runPipeline } from './index.ts'

export interface TestWarehouse {
  readonly events: readonly RunEvent[]
  run(settings: SelectionSettings): Promise<RunReport>
  /** Queries the current file of a table in DuckDB, by the name `t`. */
  ask(table: string, sql: string): Promise<unknown[][]>
}

/** A warehouse of a database, in a folder that is removed after the test. */
export async function testWarehouse(database: TestDatabase, extensionDirectory?: string): Promise<TestWarehouse> {
  const [path, tempDirectory] = [await temporaryFolder(), await temporaryFolder()]
  const writer = await openParquetWriter({ tempDirectory, ...(extensionDirectory ? { extensionDirectory } : {}) })
  onTestFinished(() => writer.close())
  const store = localStore({ path })
  const source = postgresSource({ connection: database.url })
  const events: RunEvent[] = []
  return {
    events,
    run: (settings) =>
      runPipeline({
        store,
        sources: { default: { source, ...settings } },
        writer,
        tempDirectory,
        clock: () => new Date('2026-02-18T03:00:00Z'),
        random: randomBytes,
        onEvent: (event) => events.push(event),
      }),
    async ask(table, sql) {
      const { state } = await readState(store)
      const [file] = state.tables[table]?.files ?? []
      const instance = await DuckDBInstance.create(':memory:')
      const connection = await instance.connect()
      try {
        const query = `WITH t AS (FROM read_parquet('${join(path, file?.key ?? 'none')}')) ${sql}`
        return (await connection.runAndReadAll(query)).getRowsJson()
      } finally {
        connection.closeSync()
        instance.closeSync()
      }
    },
  }
}
