import { DwhError, quoteIdentifier } from '@dwh/core'
import type { PgClient } from '../session/pg-client.ts'
import type { PgTable } from './list-tables.ts'

/** A foreign server that Postgres reads through. */
export interface ForeignServer {
  readonly name: string
  /** The extension that connects to it, such as `postgres_fdw`. */
  readonly wrapper: string
  /** The role that reads. */
  readonly role: string
  /** True if the role has a user mapping for the server. */
  readonly mapped: boolean
}

// A partition may be foreign, and a view may read a foreign table.
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
  SELECT DISTINCT s.srvname AS name, w.fdwname AS wrapper, current_user AS role,
    EXISTS (SELECT FROM pg_user_mappings m WHERE m.srvid = s.oid AND (m.umuser = 0 OR m.usename = current_user)) AS mapped
  FROM seen JOIN pg_foreign_table f ON f.ftrelid = seen.oid JOIN pg_foreign_server s ON s.oid = f.ftserver
    JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  ORDER BY s.srvname`

/** Lists the foreign servers that a table is read through. */
export async function foreignServers(client: PgClient, { oid }: PgTable): Promise<ForeignServer[]> {
  return (await client.query(SERVERS, [oid])).rows
}

/** undefined_object: for a foreign table, the user mapping is missing (GetUserMapping in foreign.c) */
const NO_MAPPING = '42704'

/** SQLSTATEs that a foreign server may have caused: its connection, its users, its tables and columns, its files. */
const OF_ANOTHER_SERVER = /^(?:08|28|HV|58|42P01|42703|42704)/

/** Explains a failure as one of the foreign server, if the table is read through one and the SQLSTATE fits. */
export async function explainForeign(client: PgClient, table: PgTable, error: DwhError): Promise<DwhError> {
  if (!OF_ANOTHER_SERVER.test(String(error.context.sqlstate ?? ''))) return error
  const servers = await foreignServers(client, table)
  return servers.length > 0 ? foreignFailure(error, servers) : error
}

/** The error of a read that went through foreign servers. */
export function foreignFailure(error: DwhError, servers: readonly ForeignServer[]): DwhError {
  const names = servers.map(({ name, wrapper }) => `${name} (${wrapper})`)
  const through = `Postgres reads it through the foreign server ${names.join(', or ')}`
  const stranger = error.context.sqlstate === NO_MAPPING ? servers.find(({ mapped }) => !mapped) : undefined
  const what = stranger
    ? `role ${stranger.role} has no user mapping for it. Create one, or exclude the table: CREATE USER MAPPING FOR ${quoteIdentifier(stranger.role)} SERVER ${quoteIdentifier(stranger.name)} OPTIONS (user '...', password '...');`
    : 'check that it is running, that Postgres can reach it, and that the foreign table still matches the remote one. Then run again, or exclude the table.'
  return new DwhError('SOURCE_FAILED', error.message, {
    cause: error,
    hint: `${through}: ${what}`,
    context: { ...error.context, foreign_servers: servers.map(({ name }) => name) },
  })
}
