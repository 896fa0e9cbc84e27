import type { Config } from '@dwh/config'
import type { SnapshotInfo, SourceSnapshot } from '@dwh/core'
import { connect, hangUp, inspectServer, readOnlyRoleSql, type ServerReport } from '@dwh/extract-postgres'
import { postgresOptions, sourceOf } from '../commands/shared.ts'
import type { World } from '../surroundings.ts'
import { chooseTables, notesOutcome, tablesOutcome, tryEach } from './check-tables.ts'
import { attempt, type Finding, type Limits, type Outcome, ok, skip, warning } from './finding.ts'

/** What the later checks want to know of the source. */
export interface ExaminedSource {
  readonly info: SnapshotInfo
  /** By the catalog's own guess. */
  readonly largestTableBytes: number
}

/** The role that is proposed. */
export const READER = 'dwh_reader'
const OLDEST = 15
const NEWEST = 18

export async function* checkSource(
  config: Config,
  world: World,
  limits: Limits,
): AsyncGenerator<Finding, ExaminedSource | null> {
  const connected = await attempt(limits, async (signal) => {
    const connection = await connect(postgresOptions(config, world), signal)
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
    yield* skip('source.connection', 'source.server', 'source.rights', 'source.sessions', ...AFTER_SESSIONS)
    return null
  }
  const { report, roleSql, server, sslmode } = connected.value
  yield { id: 'source.connection', ...connectionOutcome(report, server, sslmode) }
  yield { id: 'source.server', ...serverOutcome(report) }
  yield { id: 'source.rights', ...rightsOutcome(report, roleSql) }
  yield { id: 'source.sessions', ...sessionsOutcome(report, config) }
  return yield* checkSnapshot(config, world, limits)
}

const AFTER_SNAPSHOT = ['source.tables', 'source.notes'] as const
const AFTER_SESSIONS = ['source.snapshot', ...AFTER_SNAPSHOT] as const

async function* checkSnapshot(
  config: Config,
  world: World,
  limits: Limits,
): AsyncGenerator<Finding, ExaminedSource | null> {
  const notes: string[] = []
  let snapshot: SourceSnapshot | undefined
  try {
    const opened = await attempt(limits, async (signal) => {
      snapshot = await sourceOf(config, world, (note) => void notes.push(note)).open(signal)
      const tables = await snapshot.tables()
      return { snapshot, tables, ...(await chooseTables(snapshot, tables, config)) }
    })
    if ('failure' in opened) {
      yield* noSnapshot(opened.failure)
      return null
    }
    const { tables, selection, problem } = opened.value
    const { info } = opened.value.snapshot
    // only this shows whether a second session sees the snapshot
    const trials = await tryEach(opened.value.snapshot, selection, limits)
    if ('failure' in trials) {
      yield* noSnapshot(trials.failure)
      return null
    }
    yield { id: 'source.snapshot', ...snapshotOutcome(info, notes) }
    yield { id: 'source.tables', ...(problem ?? tablesOutcome(selection, trials.value, tables, config)) }
    if (problem) yield* skip('source.tables', 'source.notes')
    else yield { id: 'source.notes', ...notesOutcome(selection, tables) }
    const sizes = selection.selected.map(({ table }) => table.estimatedBytes ?? 0)
    return { info, largestTableBytes: Math.max(0, ...sizes) }
  } finally {
    await snapshot?.close()
  }
}

function* noSnapshot(failure: Outcome): Generator<Finding> {
  yield { id: 'source.snapshot', ...failure }
  yield* skip('source.snapshot', ...AFTER_SNAPSHOT)
}

function connectionOutcome({ database, role, tls }: ServerReport, server: string, sslmode: string): Outcome {
  const found = `${server}: database ${database} as ${role}, ${tls === null ? 'without TLS' : `${tls}, sslmode=${sslmode}`}`
  const local = /^(socket |localhost:|127\.|\[::1\]:)/.test(server)
  if (local || sslmode === 'verify-full') return ok(found)
  return warning(
    `${found}: whoever sits in between can pretend to be the server`,
    'Get the certificate of the CA that signed that of the server, and write sslmode=verify-full&sslrootcert=/path/to/ca.crt in the URL (PGSSLMODE, PGSSLROOTCERT).',
  )
}

function serverOutcome({ version, major, standby }: ServerReport): Outcome {
  const found = `Postgres ${version}${standby ? ', a standby' : ''}`
  if (major < OLDEST) return warning(`${found}: too old to be tested`, `Upgrade to one of ${OLDEST} to ${NEWEST}.`)
  if (major > NEWEST) return warning(`${found}: newer than what was tested`, 'Look for a newer version of dwh.')
  if (!standby) return ok(found)
  return warning(
    `${found}: it may cancel long reads to go on applying changes`,
    'Set hot_standby_feedback = on there, or raise max_standby_streaming_delay, if runs are cancelled.',
  )
}

function rightsOutcome({ role, superuser, mayWrite }: ServerReport, roleSql: string): Outcome {
  if (!superuser && !mayWrite) return ok(`${role} may read, and change nothing`)
  return warning(
    `${role} ${superuser ? 'is a superuser' : 'may change tables'}: more than a warehouse needs`,
    `Make a role that can only read, give it a password with \\password ${READER} in psql, and put it into DATABASE_URL:`,
    roleSql,
  )
}

function sessionsOutcome({ freeSessions, role }: ServerReport, { parallel }: Config): Outcome {
  const needed = parallel + 1
  // the one that asked is free by now
  const free = freeSessions + 1
  const found = `${free} free for ${role}, and a run takes ${needed}`
  if (free >= needed) return ok(found)
  return warning(
    `${found}: tables wait for one another`,
    `Set parallel to ${Math.max(1, free - 1)} (DWH_PARALLEL), or raise max_connections of the server, or the CONNECTION LIMIT of the role or the database.`,
  )
}

function snapshotOutcome({ takenAt }: SnapshotInfo, notes: readonly string[]): Outcome {
  if (notes.length === 0) return ok(`all tables can be read as of one instant, such as ${takenAt}`)
  return warning(notes.join('; '), 'A run works all the same. See docs/postgres.md for what each of these costs.')
}
