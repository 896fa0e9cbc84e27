import type { DuckDBConnection } from '@duckdb/node-api'

/** DuckDB's operators that read all their rows before they give one, as its EXPLAIN names them. */
const GATHERING = /GROUP_BY|AGGREGATE|ORDER_BY|TOP_N|WINDOW|DISTINCT/

interface PlanNode {
  readonly name: string
  readonly children: readonly PlanNode[]
}

/**
 * Returns whether a query sorts or groups rows: then its work comes before its first row, and all threads help. False
 * if it cannot be told, as for a query with parameters.
 */
export async function gathersRows(connection: DuckDBConnection, sql: string): Promise<boolean> {
  const explained = await connection.runAndReadAll(`EXPLAIN (FORMAT json) ${sql}`).catch(() => null)
  const plan = JSON.parse(String(explained?.getRows()[0]?.at(-1) ?? '[]')) as readonly PlanNode[]
  return plan.some(gathers)
}

function gathers({ name, children }: PlanNode): boolean {
  return (GATHERING.test(name) && !name.startsWith('STREAMING')) || children.some(gathers)
}

/**
 * Lets DuckDB use one thread until the returned function is called. In a COPY, several threads prepare rows ahead of
 * their turn, a group of rows each: for 10 million rows 440 MB instead of 140, and of a large join the first row comes
 * when a whole group of rows is joined. Where the setting is locked, nothing changes.
 */
export async function useOneThread(connection: DuckDBConnection): Promise<() => Promise<void>> {
  const setting = await connection.runAndReadAll(`SELECT current_setting('threads')::INTEGER`)
  const threads = setting.getRows()[0]?.[0]
  const use = async (count: unknown) => void (await connection.run(`SET threads = ${count}`).catch(() => {}))
  await use(1)
  return () => use(threads)
}
