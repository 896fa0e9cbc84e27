import type { Config } from '@dwh/config'
import { matchesTable, type SnapshotInfo, type SourceSnapshot, type TableSchema } from '@dwh/core'
import { connect, hangUp, inspectServer, readOnlyRoleSql, type ServerReport } from '@dwh/extract-postgres'
import { type DeniedRead, type Selection, selectTables } from '@dwh/pipeline'
import { postgresOptions, sourceOf } from '../commands/shared.ts'
import { formatBytes, plural } from '../output/units.ts'
import type { World } from '../surroundings.ts'
import { attempt, type Finding, failed, failureOf, type Limits, type Outcome, ok, skip, warning } from './finding.ts'

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

const AFTER_SESSIONS = ['source.snapshot', 'source.tables'] as const

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
      return { info: snapshot.info, tables, ...(await readOne(snapshot, tables, config, signal)) }
    })
    if ('failure' in opened) {
      yield { id: 'source.snapshot', ...opened.failure }
      yield* skip('source.snapshot', 'source.tables')
      return null
    }
    const { info, tables, selection, problem } = opened.value
    yield { id: 'source.snapshot', ...snapshotOutcome(info, notes) }
    yield { id: 'source.tables', ...(problem ?? tablesOutcome(selection, tables, config)) }
    const sizes = selection.selected.map(({ table }) => table.estimatedBytes ?? 0)
    return { info, largestTableBytes: Math.max(0, ...sizes) }
  } finally {
    await snapshot?.close()
  }
}

/** Reads the beginning of the smallest table, since only that shows whether a second session sees the snapshot. */
async function readOne(
  snapshot: SourceSnapshot,
  tables: readonly TableSchema[],
  config: Config,
  signal: AbortSignal,
): Promise<{ readonly selection: Selection; readonly problem: Outcome | null }> {
  const typeNames = config.selection.types && (await snapshot.typeNames?.())
  let selection: Selection
  try {
    selection = selectTables(tables, config.selection, typeNames)
  } catch (error) {
    return { selection: { selected: [], skipped: [], denied: [] }, problem: failureOf(error) }
  }
  const unreadable = new Set(selection.denied.map(({ table }) => table))
  const [smallest] = selection.selected
    .filter(({ table, name }) => !table.onlyWhenNamed && !unreadable.has(name))
    .sort((a, b) => (a.table.estimatedBytes ?? 0) - (b.table.estimatedBytes ?? 0))
  if (smallest) for await (const _ of snapshot.read(smallest.table, { signal }).rows) break
  return { selection, problem: null }
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

function tablesOutcome({ selected, denied }: Selection, tables: readonly TableSchema[], config: Config): Outcome {
  if (denied.length > 0) return deniedOutcome(denied)
  if (tables.length === 0)
    return failed('no tables that this role can see', 'Is it the right database? Check its name in the URL.')
  if (selected.length === 0) return failed('no table is left by include and exclude', 'Include at least one table.')
  const bytes = selected.reduce((sum, { table }) => sum + (table.estimatedBytes ?? 0), 0)
  const found = `${plural(selected.length, 'table')} to read, about ${formatBytes(bytes)} in Postgres`
  const { include = [], exclude = [] } = config.selection
  const idle = [...include, ...exclude].filter((pattern) => !tables.some((table) => matchesTable(pattern, table)))
  if (idle.length === 0) return ok(found)
  return warning(
    `${found}; ${idle.join(', ')} matches none`,
    'Correct the pattern, or leave it if the table is yet to come.',
  )
}

function deniedOutcome(denied: readonly DeniedRead[]): Outcome {
  const shown = denied.slice(0, SHOWN)
  const what = shown.map(
    ({ table, column, reason }) => `${table}${column === null ? '' : `, column ${column}`}: ${reason}`,
  )
  const more = denied.length > SHOWN ? `; and ${denied.length - SHOWN} more` : ''
  const sql = [...new Set(denied.flatMap((each) => each.sql ?? []))]
  // what no statement puts right says by itself what does
  const others = [...new Set(shown.flatMap(({ hint, sql: statement }) => (statement ? [] : [hint])))]
  const run = 'Let somebody who may run this, or leave out what is not to be read (exclude, columns.exclude):'
  return failed(
    `${what.join('; ')}${more}`,
    [...others, ...(sql.length > 0 ? [run] : [])].join('\n'),
    sql.length > 0 ? `${sql.join('\n')}\n` : null,
  )
}

/** Tables named in one line. */
const SHOWN = 10
