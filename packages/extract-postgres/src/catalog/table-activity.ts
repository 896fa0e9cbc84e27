import { formatTableName } from '@dwh/core'
import type { PgClient } from '../session/pg-client.ts'
import { catalogRows, spelled } from './catalog-rows.ts'

/** Activity of a table, from the statistics of the server. */
export interface TableActivity {
  /** Its rows are lost when the server crashes. */
  readonly unlogged: boolean
  /** Number of rows. */
  readonly live: number
  /** Rows deleted since the server began to count. */
  readonly deleted: number
}

const ACTIVITY = `
  SELECT n.nspname AS schema, c.relname AS name, c.relpersistence = 'u' AS unlogged,
    coalesce(s.n_live_tup, 0)::float8 AS live, coalesce(s.n_tup_del, 0)::float8 AS deleted
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
  WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`

/** Reads the activity of all tables, by the names that `formatTableName` gives. Call it inside `beginSnapshot`. */
export async function tableActivity(client: PgClient): Promise<ReadonlyMap<string, TableActivity>> {
  const rows = await catalogRows<TableActivity & { schema: string; name: string }>(client, ACTIVITY)
  return new Map(
    rows.map(({ schema, name, ...activity }) => [
      formatTableName({ schema: spelled(schema), name: spelled(name) }),
      activity,
    ]),
  )
}
