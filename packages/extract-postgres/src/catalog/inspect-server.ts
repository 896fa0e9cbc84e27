import { quoteIdentifier } from '@dwh/core'
import type { PgClient } from '../session/pg-client.ts'
import { catalogRows, isBroken, spelled } from './catalog-rows.ts'

/** Properties of a server, and what it allows this role to do. */
export interface ServerReport {
  /** Such as `17.10`. */
  readonly version: string
  /** Such as 17. */
  readonly major: number
  readonly standby: boolean
  readonly database: string
  readonly role: string
  readonly superuser: boolean
  /** True if the role may change a table of this database. */
  readonly mayWrite: boolean
  /** Such as `TLSv1.3`; null without TLS. Behind a pooler: of the connection between the pooler and the server. */
  readonly tls: string | null
  /** How many more sessions this role may open now. Another client may take them first. */
  readonly freeSessions: number
}

// pg_stat_activity hides most of the sessions of other roles; everybody sees the counts per database
const REPORT = `
  SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
    pg_is_in_recovery() AS standby, current_database() AS database, current_user AS role, r.rolsuper AS superuser,
    (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls,
    EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS may_write,
    least(
      current_setting('max_connections')::int - (SELECT sum(numbackends) FROM pg_stat_database)
        - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
          + coalesce(current_setting('reserved_connections', true)::int, 0) END,
      nullif(d.datconnlimit, -1) - (SELECT numbackends FROM pg_stat_database WHERE datid = d.oid),
      nullif(r.rolconnlimit, -1) - (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user)
    )::int AS free
  FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()`

/** Inspects a server and the permissions of the role. Changes nothing. */
export async function inspectServer(client: PgClient): Promise<ServerReport> {
  const { rows } = await client.query(REPORT)
  const { version, major, standby, database, role, superuser, may_write, tls, free } = rows[0]
  const [plain = ''] = version.split(' ')
  return {
    version: plain,
    major,
    standby,
    database,
    role,
    superuser,
    mayWrite: may_write,
    tls,
    freeSessions: Math.max(0, free),
  }
}

const OWNERS = `
  SELECT n.nspname AS schema, array_agg(DISTINCT pg_get_userbyid(c.relowner)::text) AS owners
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  GROUP BY n.nspname ORDER BY n.nspname`

/**
 * Returns the statements that create a read-only role, for a database owner or a superuser to run. The role may read
 * every table of this database, future tables included, and nothing else. It has no password yet: in psql, `\password`
 * sets one without showing it.
 */
export async function readOnlyRoleSql(client: PgClient, role: string): Promise<string> {
  await client.query('BEGIN READ ONLY')
  const all = await catalogRows<{ schema: string; owners: string[] }>(client, OWNERS)
  const { rows } = await client.query('SELECT current_database() AS database')
  await client.query('COMMIT')
  const nameless = ({ schema, owners }: (typeof all)[number]) => [schema, ...owners].some(isBroken)
  const schemas = all.filter((each) => !nameless(each))
  const left = all
    .filter(nameless)
    .map(({ schema }) => `-- left out, since a name is not text: schema ${spelled(schema)}\n`)
  const name = quoteIdentifier(role)
  const statements = [
    `CREATE ROLE ${name} LOGIN`,
    `ALTER ROLE ${name} SET default_transaction_read_only = on`,
    `GRANT CONNECT ON DATABASE ${quoteIdentifier(rows[0].database)} TO ${name}`,
    ...schemas.flatMap(({ schema, owners }) => [
      `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${name}`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA ${quoteIdentifier(schema)} TO ${name}`,
      ...owners.map(
        (owner: string) =>
          `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdentifier(owner)} IN SCHEMA ${quoteIdentifier(schema)} GRANT SELECT ON TABLES TO ${name}`,
      ),
    ]),
  ]
  return `${left.join('')}${statements.join(';\n')};\n`
}
