import type { EtlState } from '@dwh/core'
import type { ResultFormat, Warehouse } from '@dwh/query'
import { type Opened, openSession, readSnapshot, type Snapshot } from '../commands/shared.ts'
import { formatAge, formatDuration, plural } from '../output/units.ts'
import { writeAnswers } from '../output/write-answers.ts'
import type { World } from '../surroundings.ts'

export interface ShellOptions {
  readonly opened: Opened
  readonly world: World
  readonly asOf: string | undefined
  readonly format: ResultFormat
  readonly maxRows: number
}

/** What a shell knows between two statements. */
export interface ShellSession {
  format: ResultFormat
  maxRows: number
  timer: boolean
  /** The day that is shown; undefined for the tables of the last run. */
  readonly asOf: string | undefined
  readonly tables: Snapshot['tables']
  /** Runs a statement and writes its answer. False once nobody reads any more. */
  run(sql: string, signal: AbortSignal): Promise<boolean>
  /** Shows another day, or with undefined the last run. */
  showDay(day: string | undefined, signal: AbortSignal): Promise<void>
  /** Shows the last run, if there is a newer one and nothing speaks against it, and says so on stderr. True. */
  lookForNewer(signal: AbortSignal): Promise<true>
  /** One line: what is shown. */
  describe(): string
  suggest: Warehouse['suggest']
  close(): Promise<void>
}

/** `etl.json` is looked at before a statement; but where the storage is slow or away, no more than a twentieth of the time is spent on that. */
const LOOK_SHARE = 20

export async function openShell({ opened, world, asOf, format, maxRows }: ShellOptions): Promise<ShellSession> {
  let snapshot = await readSnapshot(opened, asOf, world.signal)
  let day = asOf
  const warehouse = await openSession(opened, snapshot.tables)
  let nextLook = 0

  async function show(next: Snapshot, nextDay: string | undefined): Promise<boolean> {
    if (!(await warehouse.show(next.tables))) return false
    snapshot = next
    day = nextDay
    return true
  }

  const session: ShellSession = {
    format,
    maxRows,
    timer: false,
    get asOf() {
      return day
    },
    get tables() {
      return snapshot.tables
    },
    async run(sql, signal) {
      const started = performance.now()
      const { format, maxRows } = session
      const heard = await writeAnswers(warehouse, sql, { format, maxRows, flag: '.' }, world, signal)
      if (session.timer) world.stderr.write(`${formatTime(performance.now() - started)}\n`)
      return heard
    },
    async showDay(next, signal) {
      if (!(await show(await readSnapshot(opened, next, signal), next)))
        world.stderr.write('A transaction is open: COMMIT or ROLLBACK first.\n')
    },
    async lookForNewer(signal) {
      const now = world.clock().getTime()
      if (day !== undefined || now < nextLook) return true
      try {
        const next = await readSnapshot(opened, undefined, signal)
        if (next.state.run_id !== snapshot.state.run_id && (await show(next, undefined)))
          world.stderr.write(`A new run: ${freshness(next.state, world)}\n`)
      } finally {
        nextLook = now + (world.clock().getTime() - now) * LOOK_SHARE
      }
      return true
    },
    describe: () =>
      `${opened.store.url}: ${plural(Object.keys(snapshot.tables).length, 'table')}, ${
        day === undefined ? freshness(snapshot.state, world) : `as of ${day}`
      }`,
    suggest: (sql) => warehouse.suggest(sql),
    close: () => warehouse.close(),
  }
  return session
}

function freshness({ tables, last_run_at }: EtlState, world: World): string {
  const days = Object.values(tables)
    .map(({ date }) => date)
    .sort()
  const [first, last] = [days[0], days.at(-1)]
  const age = last_run_at === null ? '' : `, published ${formatAge(new Date(last_run_at), world.clock())}`
  return `as of ${first === last ? last : `${first} to ${last}`}${age}`
}

function formatTime(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : formatDuration(milliseconds)
}
