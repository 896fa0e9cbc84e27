import type { EtlState } from '@dwh/core'
import {
  formatAge,
  formatDuration,
  plural,
  type ResultFormat,
  type Session,
  type TablesOf,
  type Warehouse,
} from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'
import { dayText } from '../output/day-note.ts'
import { fitSentence } from '../output/fit-lines.ts'
import type { LendTerminal } from '../output/paged-output.ts'
import { snapshotText } from '../output/snapshot-text.ts'
import { terminalSize } from '../output/terminal-size.ts'
import { writeAnswers } from '../output/write-answers.ts'
import { shellWords } from './shell-words.ts'

export interface ShellOptions {
  readonly warehouse: Warehouse
  readonly context: CommandContext
  readonly asOf: string | undefined
  readonly format: ResultFormat
  readonly maxRows: number
  readonly pager: boolean
}

export interface RunOptions {
  readonly lend?: LendTerminal
  /** Default: that of the session. */
  readonly format?: ResultFormat
}

/** State of a shell between two statements. */
export interface ShellSession {
  format: ResultFormat
  maxRows: number
  header: boolean
  timer: boolean
  pager: boolean
  /** The day that is shown, and the day that was asked for; null for the tables of the last run. And their instants. */
  readonly shownDay: Pick<TablesOf, 'day' | 'askedDay' | 'takenAt'>
  readonly tables: TablesOf['tables']
  /**
   * Runs a statement and writes its result, with `lend` and `.pager on` to a pager if it is long. Returns false once the
   * reader has closed stdout.
   */
  run(sql: string, signal: AbortSignal, options?: RunOptions): Promise<boolean>
  /** Shows another day, or with undefined the last run. */
  showDay(day: string | undefined, signal: AbortSignal): Promise<void>
  /** Switches to a newer run, if one exists and no transaction is open, and prints a line to stderr. Returns true. */
  lookForNewer(signal: AbortSignal): Promise<true>
  /** Describes in a sentence which tables are shown; on a terminal in several lines if it is long. */
  describe(): string
  suggest: Session['suggest']
  close(): Promise<void>
}

/**
 * `etl.json` is read before a statement. If the storage is slow or does not answer, at most a twentieth of the time is
 * spent on that.
 */
const LOOK_SHARE = 20

export async function openShell(options: ShellOptions): Promise<ShellSession> {
  const { warehouse, context, asOf, format, maxRows, pager } = options
  let shown = await warehouse.tables(asOf)
  const answering = await warehouse.session({ tables: shown.tables })
  const screen = terminalSize(context.stderr, context.env)
  let nextLook = 0

  async function show(next: TablesOf): Promise<boolean> {
    if (!(await answering.show(next.tables))) return false
    shown = next
    return true
  }

  function snapshot(): string {
    const said = snapshotText(shown.takenAt, warehouse.config.timezone)
    return said ? `, ${said.label} ${said.text}` : ''
  }

  const session: ShellSession = {
    format,
    maxRows,
    header: true,
    timer: false,
    pager,
    get shownDay() {
      return shown
    },
    get tables() {
      return shown.tables
    },
    async run(sql, signal, { lend = null, format = session.format } = {}) {
      const started = performance.now()
      const { maxRows, header, pager } = session
      const style = { format, maxRows, header, seeAll: '\\x', lend: pager ? lend : null, reword: shellWords }
      const heard = await writeAnswers(answering, sql, style, context, signal)
      if (session.timer) context.stderr.write(`${formatTime(performance.now() - started)}\n`)
      return heard
    },
    async showDay(next, signal) {
      if (!(await show(await warehouse.tables(next, { signal }))))
        context.stderr.write('A transaction is open: COMMIT or ROLLBACK first.\n')
    },
    async lookForNewer(signal) {
      const now = context.clock().getTime()
      if (shown.day !== null || now < nextLook) return true
      try {
        const next = await warehouse.tables(undefined, { signal })
        if (next.state.run_id !== shown.state.run_id && (await show(next)))
          context.stderr.write(`${fitSentence(`A new run: ${freshness(next.state, context)}${snapshot()}`, screen)}\n`)
      } finally {
        nextLook = now + (context.clock().getTime() - now) * LOOK_SHARE
      }
      return true
    },
    describe() {
      const count = plural(Object.keys(shown.tables).length, 'table')
      const age = shown.day === null ? freshness(shown.state, context) : `as of ${dayText(shown)}`
      return fitSentence(`${warehouse.store.url}: ${count}, ${age}${snapshot()}`, context.stdout.size())
    },
    suggest: (sql) => answering.suggest(sql),
    close: () => answering.close(),
  }
  return session
}

function freshness({ tables, last_run_at }: EtlState, context: CommandContext): string {
  const days = Object.values(tables)
    .map(({ date }) => date)
    .sort()
  const [first, last] = [days[0], days.at(-1)]
  const age = last_run_at === null ? '' : `, published ${formatAge(new Date(last_run_at), context.clock())}`
  return `as of ${first === last ? last : `${first} to ${last}`}${age}`
}

function formatTime(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : formatDuration(milliseconds)
}
