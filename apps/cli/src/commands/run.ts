import { type LossyConversion, printable } from '@dwh/core'
import {
  formatBytes,
  formatDuration,
  plural,
  type RunReport,
  type TableResult,
  type Warehouse,
  wrapWords,
} from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { markedLines } from '../output/lines.ts'
import { noteLines } from '../output/plan-notes.ts'
import { previousLines, previousTables } from '../output/previous-tables.ts'
import { EXIT } from '../output/report-error.ts'
import { runProgress } from '../output/run-progress.ts'
import { terminalSize } from '../output/terminal-size.ts'
import { addRunFlags, open, planRequest, type RunFlags } from './shared.ts'

const HELP = `
Reads every table that has changed, all at one instant, writes each to <table>/YYYY/MM/DD.parquet, checks it, and
publishes all tables at once or none. A table that has not changed is published again as it is. If one table fails, the
warehouse stays as it was, and dwh status shows why. With on_table_error: keep-previous the other tables are published,
and the failed ones still show the previous version.

Examples:
  $ DATABASE_URL=postgres://me@localhost/app dwh run
  $ dwh run --tables orders "billing.*"     only these tables; the others stay as they are
  $ dwh run --date 2026-02-18 --replace     store the tables under a past day, and replace its files

Exit code: 0 published, 1 failed and nothing was published, 2 wrong usage or configuration, 3 published, but some tables
still show the previous version, 4 another run is in progress or published first.`

type WrittenTable = Extract<TableResult, { status: 'written' }>

export function runCommand(context: CommandContext): Command {
  return addRunFlags(new Command('run'))
    .option(
      '--if-last-run <run>',
      'run only if this is the ID of the last good run (none: no run yet); otherwise exit with code 4',
    )
    .description('read Postgres and publish a new version of the warehouse')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<RunFlags & { readonly ifLastRun?: string }>()
      const progress = runProgress(context.stderr)
      let report: RunReport
      let warehouse: Warehouse
      try {
        warehouse = await open(flags, context, { onNote: (note) => progress.note(note) })
        report = await warehouse.run({
          ...planRequest(flags),
          ifLastRun: flags.ifLastRun === 'none' ? null : flags.ifLastRun,
          onEvent: progress.onEvent,
        })
      } finally {
        progress.close()
      }
      const width = terminalSize(context.stderr, context.env)?.columns
      for (const [mark, text] of notes(report)) context.stderr.write(markedLines(mark, text, width))
      // only notes that need a statement to be run; dwh plan shows the others
      for (const note of report.plan.notes) if (note.sql !== null) context.stderr.write(noteLines(note, '!'))
      if (report.record.status === 'partial') context.exitWith(EXIT.partial)
      await context.stdout.write(
        flags.json
          ? `${JSON.stringify(asJson(report), null, 2)}\n`
          : summary(report, warehouse.store.url, context.stdout.size()?.columns),
      )
    })
}

/** Printed after every run: nothing else shows this problem until two runs collide. */
const UNCONDITIONAL =
  'This storage ignores conditional writes: two simultaneous runs may both report success. Let only one machine write.'

type Note = readonly [mark: '-' | '!', text: string]

function notes({ plan, results, unfinished, state }: RunReport): Note[] {
  const skipped = plan.skipped.filter(({ reason }) => !reason.startsWith('excluded') && reason !== 'not included')
  const written = results.flatMap((result) => (result.status === 'written' ? [result] : []))
  const published = results.flatMap((result) => (result.status === 'failed' ? [] : [result]))
  const facts = [
    ...skipped.map(({ table, reason }) => `${table}: left out: ${reason}`),
    ...plan.dropped.map((table) => `${table}: no longer current: missing in the source or excluded; its history stays`),
    ...plan.tables.flatMap(({ name, changes }) => changes.map((change) => `${name}: ${change}`)),
    ...written.flatMap(({ name, changes }) => changes.map((change) => `${name}: ${change}`)),
    ...published.flatMap(({ name, entry }) =>
      Object.entries(entry.lossy_conversions)
        .filter(([, { values }]) => values > 0)
        .map(([column, found]) => `${name}: ${lossyConversionText(column, found)}`),
    ),
    ...methodNotes(written),
  ]
  const warnings = [
    ...(unfinished === null ? [] : [`published; clean-up will finish on the next run: ${String(unfinished)}`]),
    ...(state.conditional_writes ? [] : [UNCONDITIONAL]),
  ]
  return [...facts.map((text): Note => ['-', printable(text)]), ...warnings.map((text): Note => ['!', printable(text)])]
}

function lossyConversionText(column: string, { choice, values }: LossyConversion): string {
  const what = choice === 'nullify' ? 'stored as NULL' : `not exact as ${choice.toUpperCase()}`
  return `column ${column}: ${plural(values, 'value')} ${what}, as set in columns.types`
}

/** Groups the tables that were not read with the fastest method by the reason. */
function methodNotes(written: readonly WrittenTable[]): string[] {
  const byReason = new Map<string, string[]>()
  for (const { name, why } of written) if (why !== null) byReason.set(why, [...(byReason.get(why) ?? []), name])
  return [...byReason].map(([why, names]) => {
    const shown = names.length > 3 ? [...names.slice(0, 3), `${names.length - 3} more`] : names
    return `used COPY instead of the faster DuckDB reader: ${shown.join(', ')}: ${why}`
  })
}

function summary({ record, runId, state }: RunReport, storage: string, width: number | undefined): string {
  const tables = Object.values(record.tables)
  const read = tables.flatMap((table) => (table.status === 'written' ? [table] : []))
  const unchanged = tables.filter(({ status }) => status === 'unchanged').length
  const sum = (of: (table: (typeof read)[number]) => number) => read.reduce((all, table) => all + of(table), 0)
  const [rows, bytes] = [sum(({ rows }) => rows), sum(({ bytes }) => bytes)]
  const what = [
    ...(read.length === 0 ? [] : [`${plural(read.length, 'table')}, ${plural(rows, 'row')}, ${formatBytes(bytes)}`]),
    ...(unchanged === 0 ? [] : [`${read.length === 0 ? plural(unchanged, 'table') : unchanged} unchanged`]),
  ].join('; ')
  const text = `Published ${runId}: ${what} as of ${record.date} in ${formatDuration(record.duration_ms)}, to ${storage}`
  const lines = width === undefined ? [text] : wrapWords(text, width)
  return `${lines.join('\n')}\n${previousLines(record, state, width)}`
}

function asJson({ record, plan, state, results, unfinished }: RunReport) {
  const lossy_conversions = Object.fromEntries(
    results.flatMap((result) => (result.status === 'failed' ? [] : [[result.name, result.entry.lossy_conversions]])),
  )
  const { skipped, dropped, notes } = plan
  return {
    ...record,
    previous: previousTables(record, state),
    skipped,
    dropped,
    notes,
    lossy_conversions,
    finished: unfinished === null,
  }
}
