import { DwhError } from '@dwh/core'
import type { PgTable } from './list-tables.ts'
import type { PgClient } from './pg-client.ts'

/** A server that Postgres reads through. */
export interface ForeignServer {
  readonly name: string
  /** The extension that speaks to it, such as `postgres_fdw`. */
  readonly wrapper: string
}

// A partition may be foreign, and so may what a view reads.
const SERVERS = `
  WITH RECURSIVE seen AS (
    SELECT $1::oid AS oid
    UNION
    SELECT next.oid FROM seen, LATERAL (
      SELECT i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = seen.oid
      UNION ALL
      SELECT d.refobjid FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass
      WHERE r.ev_class = seen.oid AND d.refclassid = 'pg_class'::regclass
    ) next
  )
  SELECT DISTINCT s.srvname AS name, w.fdwname AS wrapper
  FROM seen JOIN pg_foreign_table f ON f.ftrelid = seen.oid JOIN pg_foreign_server s ON s.oid = f.ftserver
    JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  ORDER BY s.srvname`

/** The servers that a table is read from, other than the one that has it. */
export async function foreignServers(client: PgClient, { oid }: PgTable): Promise<ForeignServer[]> {
  return (await client.query(SERVERS, [oid])).rows
}

/** What a read failed with that went through other servers. */
export function foreignFailure(error: DwhError, servers: readonly ForeignServer[]): DwhError {
  const names = servers.map(({ name, wrapper }) => `${name} (${wrapper})`)
  const through = `Postgres reads it through the foreign server ${names.join(', or ')}`
  return new DwhError('SOURCE_FAILED', error.message, {
    cause: error,
    hint: `${through}: is that up, can Postgres reach it, and does the table still fit it? Run again then, or exclude the table.`,
    context: { ...error.context, foreign_servers: servers.map(({ name }) => name) },
  })
}
