import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { readState } from '@dwh/metadata'
import { viewsSql } from '@dwh/query'
import { type Looking, lookUntilEnd, type ReadersAnswer, SUM } from './look.ts'
import { openPlace } from './open-place.ts'
import type { StockReadersSpec } from './spec.ts'

/** What one reader asks of the views that it made. */
const QUERIES = 5

/** A DuckDB that knows nothing of the warehouse but SQL. */
interface StockDuckDB {
  ask(sql: string): Promise<readonly unknown[]>
  close(): void
}

async function openDuckDB(script: string): Promise<StockDuckDB> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run(script)
  return {
    ask: async (sql) => (await connection.runAndReadAll(sql)).getRowsJson()[0] ?? [],
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/**
 * Queries the views of `dwh views` in plain DuckDB until stdin ends. Some readers make their views once and keep them,
 * some make new ones again and again, and some read the plain copies by a glob, of which only each file must be whole.
 */
export function stockReaders(spec: StockReadersSpec): Promise<ReadersAnswer> {
  const store = openPlace(spec.place)
  const locate = (key: string) => store.localPath?.(key) ?? key
  const script = async () => viewsSql((await readState(store)).state.tables, locate)

  async function again(who: string, { isOver, look }: Looking): Promise<void> {
    while (!isOver()) {
      const duckdb = await openDuckDB(await script())
      for (let query = 0; query < QUERIES; query += 1) await look(who, () => duckdb.ask(SUM))
      duckdb.close()
    }
  }

  async function once(who: string, { isOver, look, rest }: Looking): Promise<void> {
    const duckdb = await openDuckDB(spec.script)
    const first = Number((await duckdb.ask(SUM))[0])
    while (!isOver()) {
      await look(who, async () => [first, (await duckdb.ask(SUM))[1]])
      await rest()
    }
    await look(`${who}, at its end`, () => duckdb.ask(SUM))
    duckdb.close()
  }

  async function glob(who: string, { isOver, look, rest }: Looking): Promise<void> {
    const duckdb = await openDuckDB('SELECT 1')
    const pattern = join(locate('left_pocket'), '*', '*', '*.parquet')
    while (!isOver()) {
      // each file has the same number of rows
      await look(who, async () => {
        const [rows] = await duckdb.ask(`SELECT count(n)::INTEGER FROM read_parquet('${pattern}')`)
        return [Number(rows) === spec.rows ? 0 : rows, spec.sum]
      })
      await rest()
    }
    duckdb.close()
  }

  return lookUntilEnd(spec.sum, (looking) => [
    ...Array.from({ length: spec.askers }, (_, i) => again(`stock DuckDB ${i + 1}`, looking)),
    ...Array.from({ length: spec.stayers }, (_, i) => once(`stock DuckDB with old views ${i + 1}`, looking)),
    ...Array.from({ length: spec.globs }, (_, i) => glob(`glob ${i + 1}`, looking)),
  ])
}
