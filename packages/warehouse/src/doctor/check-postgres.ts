import type { Config } from '@dwh/config'
import { connect, hangUp, inspectServer, readOnlyRoleSql, type ServerReport } from '@dwh/extract-postgres'
import { postgresOptions } from '../adapters/postgres-options.ts'
import type { FullEnvironment } from '../environment.ts'
import { attempt, type Finding, type Limits, type Outcome, ok, skip, warning } from './finding.ts'
import { READER } from './reader-role.ts'

const OLDEST = 15
const NEWEST = 18

/**
 * Checks the server: connection, version, the rights of the role, free connections. Returns false if the server cannot
 * be reached.
 */
export async function* checkPostgres(
  config: Config,
  environment: FullEnvironment,
  limits: Limits,
): AsyncGenerator<Finding, boolean> {
  const connected = await attempt(limits, async (signal) => {
    const connection = await connect(postgresOptions(config, environment), signal)
    const stop = () => hangUp(connection.client)
    signal.addEventListener('abort', stop)
    try {
      const report = await inspectServer(connection.client)
      const roleSql = report.superuser || report.mayWrite ? await readOnlyRoleSql(connection.client, READER) : ''
      return { report, roleSql, server: connection.server, sslmode: connection.resolved.sslmode }
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  })
  if ('failure' in connected) {
    yield { id: 'source.connection', ...connected.failure }
    yield* skip('source.connection', 'source.server', 'source.rights', 'source.sessions')
    return false
  }
  const { report, roleSql, server, sslmode } = connected.value
  yield { id: 'source.connection', ...connectionOutcome(report, server, sslmode) }
  yield { id: 'source.server', ...serverOutcome(report) }
  yield { id: 'source.rights', ...rightsOutcome(report, roleSql) }
  yield { id: 'source.sessions', ...sessionsOutcome(report, config) }
  return true
}

function connectionOutcome({ database, role, tls }: ServerReport, server: string, sslmode: string): Outcome {
  const found = `${server}: database ${database} as ${role}, ${tls === null ? 'without TLS' : `${tls}, sslmode=${sslmode}`}`
  const local = /^(socket |localhost:|127\.|\[::1\]:)/.test(server)
  if (local || sslmode === 'verify-full') return ok(found)
  return warning(
    `${found}: the server is not authenticated, so a machine in between could impersonate it`,
    'Get the CA certificate of the server, and add sslmode=verify-full&sslrootcert=/path/to/ca.crt to the URL (or set PGSSLMODE and PGSSLROOTCERT).',
  )
}

function serverOutcome({ version, major, standby }: ServerReport): Outcome {
  const found = `Postgres ${version}${standby ? ', a standby' : ''}`
  if (major < OLDEST)
    return warning(`${found}: older than the tested versions`, `Upgrade to Postgres ${OLDEST} to ${NEWEST}.`)
  if (major > NEWEST) return warning(`${found}: newer than the tested versions`, 'Look for a newer version of dwh.')
  if (!standby) return ok(found)
  return warning(
    `${found}: it may cancel long reads in order to apply changes`,
    'If runs are cancelled, set hot_standby_feedback = on on the standby, or raise max_standby_streaming_delay.',
  )
}

function rightsOutcome({ role, superuser, mayWrite }: ServerReport, roleSql: string): Outcome {
  if (!superuser && !mayWrite) return ok(`${role} can read and cannot change anything`)
  return warning(
    `${role} ${superuser ? 'is a superuser' : 'may change tables'}: more than a warehouse needs`,
    `Create a read-only role, set its password with \\password ${READER} in psql, and use it in DATABASE_URL:`,
    roleSql,
  )
}

function sessionsOutcome({ freeSessions, role }: ServerReport, { parallel }: Config): Outcome {
  const needed = parallel + 1
  // the connection of this check is closed by then
  const free = freeSessions + 1
  const found = `${free} connections free for ${role}; a run needs ${needed}`
  if (free >= needed) return ok(found)
  return warning(
    `${found}: tables will wait for each other`,
    `Set parallel to ${Math.max(1, free - 1)} (DWH_PARALLEL), or raise max_connections of the server, or the CONNECTION LIMIT of the role or the database.`,
  )
}
