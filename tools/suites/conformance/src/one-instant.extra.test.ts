import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { type ExtractionMethod, quoteLiteral } from '@dwh/core'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { type RunReport, runPipeline } from '@dwh/pipeline'
import { localStore } from '@dwh/storage'
import { suiteCount, type TestDatabase, temporaryFolder, testDatabase, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'

const RUNS = suiteCount('conformance-instant')
const MOST_MS_OF_A_RUN = 1_500
const METHODS: readonly ExtractionMethod[] = ['rows', 'copy', 'native']

test(
  `${RUNS} runs by every method while money moves between two tables: the sum never changes`,
  async () => {
    const database = await testDatabase(`
    CREATE TABLE left_pocket AS SELECT i AS id, 100 AS n, repeat('x', 50) AS note FROM generate_series(1, 2000) i;
    CREATE TABLE right_pocket AS TABLE left_pocket; ANALYZE`)
    const folder = await temporaryFolder()
    const store = localStore({ path: join(folder, 'warehouse') })
    const writer = await openParquetWriter({
      tempDirectory: join(folder, 'temp'),
      extensionDirectory: await duckdbExtensions(),
    })
    onTestFinished(() => writer.close())
    const connection = await (await DuckDBInstance.create()).connect()
    onTestFinished(() => connection.closeSync())
    const mover = moveMoney(database)
    const lefts = new Set<number>()
    for (let run = 0; run < RUNS; run += 1) {
      const extract = METHODS[run % METHODS.length] as ExtractionMethod
      const report = await runPipeline({
        store,
        sources: { default: { source: postgresSource({ connection: database.url }), extract } },
        writer,
        tempDirectory: join(folder, 'temp'),
        clock: () => new Date(),
        random: randomBytes,
        fullRefresh: true,
      })
      const methods = report.results.map((result) => (result.status === 'written' ? result.method : null))
      expect(methods).toEqual([extract, extract])
      const [left, right] = await Promise.all(
        ['left_pocket', 'right_pocket'].map((table) => total(connection, join(folder, 'warehouse'), report, table)),
      )
      expect((left ?? 0) + (right ?? 0), `${extract}, run ${run}`).toBe(400_000)
      lefts.add(left ?? 0)
    }
    expect(await mover.stop()).toBeGreaterThan(RUNS)
    expect(lefts.size).toBeGreaterThan(RUNS / 4)
  },
  60_000 + RUNS * MOST_MS_OF_A_RUN,
)

/** Runs transactions one after another; each moves an amount from one table to the other. */
function moveMoney(database: TestDatabase): { stop(): Promise<number> } {
  let moving = true
  const moves = withClient(database.url, async (client) => {
    let count = 0
    for (; moving; count += 1) {
      const [from, to] = count % 3 === 0 ? ['right_pocket', 'left_pocket'] : ['left_pocket', 'right_pocket']
      const [amount, id] = [1 + (count % 7), 1 + (count % 2000)]
      await client.query(
        `BEGIN; UPDATE ${from} SET n = n - ${amount} WHERE id = ${id}; UPDATE ${to} SET n = n + ${amount} WHERE id = ${id}; COMMIT`,
      )
    }
    return count
  })
  return {
    stop() {
      moving = false
      return moves
    },
  }
}

async function total(connection: DuckDBConnection, warehouse: string, { state }: RunReport, table: string) {
  const key = state.tables[table]?.files[0]?.key ?? 'none'
  const file = quoteLiteral(join(warehouse, key))
  const reader = await connection.runAndReadAll(`SELECT sum(n)::INTEGER FROM read_parquet(${file})`)
  return Number(reader.getRows()[0]?.[0])
}
