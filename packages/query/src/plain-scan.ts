import type { DuckDBConnection } from '@duckdb/node-api'

/** DuckDB's names of operators that pass rows on, as its EXPLAIN gives them. */
const PASSING = new Set(['READ_PARQUET', 'PARQUET_SCAN', 'SEQ_SCAN', 'PROJECTION', 'STREAMING_LIMIT'])

interface PlanNode {
  readonly name: string
  readonly children: readonly PlanNode[]
  readonly extra_info: Readonly<Record<string, unknown>>
}

/**
 * Returns whether a query reads all rows of its tables and only computes their columns. Writing such rows is the whole
 * work. False if it cannot be told.
 */
export async function isPlainScan(connection: DuckDBConnection, sql: string): Promise<boolean> {
  // a query with parameters has no plan before they have values
  const explained = await connection.runAndReadAll(`EXPLAIN (FORMAT json) ${sql}`).catch(() => null)
  const plan = JSON.parse(String(explained?.getRows()[0]?.at(-1) ?? '[]')) as readonly PlanNode[]
  return plan.length > 0 && plan.every(passes)
}

function passes({ name, children, extra_info }: PlanNode): boolean {
  return PASSING.has(name.trim()) && !('Filters' in extra_info) && children.every(passes)
}

/**
 * Lets DuckDB use one thread until the returned function is called. Several threads prepare rows ahead of their turn:
 * for 10 million rows 440 MB instead of 140, while one thread writes them faster than gzip or a network takes them.
 */
export async function useOneThread(connection: DuckDBConnection): Promise<() => Promise<void>> {
  const setting = await connection.runAndReadAll(`SELECT current_setting('threads')::INTEGER`)
  await connection.run('SET threads = 1')
  return async () => void (await connection.run(`SET threads = ${setting.getRows()[0]?.[0]}`))
}
