import { type EtlState, runStartedAt, sizeOfFiles, type TableEntry, takenAtOf } from '@dwh/core'
import { formatAge, formatBytes, formatDuration, plural, type WarehouseSize, wrapWords } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns, printableLines } from '../output/lines.ts'
import { snapshotText } from '../output/snapshot-text.ts'
import { type CommonFlags, openForReading } from './shared.ts'

const HELP = `
Shows when the warehouse was last published, the size of its current tables and
of all its days, the instants of the source that the current tables show, which
tables still show a previous version, and the last failure since. The size of all
days comes from a list of the files: a bucket gets one request per 1,000 of them,
at most 100.

Examples:
  $ dwh status
  $ dwh status --json | jq -r .last_run_at`

export function statusCommand(context: CommandContext): Command {
  return new Command('status')
    .description('show freshness, size and the last failure')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags>()
      const { warehouse, rememberedAt } = await openForReading(flags, context)
      const state = await warehouse.state()
      const { url } = warehouse.store
      // a storage that has not answered is not asked again
      const size = rememberedAt() === null ? await warehouse.size() : null
      await context.stdout.write(
        flags.json
          ? `${JSON.stringify({ ...asJson(state, url), ...sizeAsJson(size), remembered_at: rememberedAt() }, null, 2)}\n`
          : asText(state, size, { url, zone: warehouse.config.timezone }, context),
      )
    })
}

function shownVersion(table: TableEntry | undefined): string {
  return table ? `still showing the previous version (${table.date})` : 'no version yet'
}

interface Size {
  readonly rows: number
  readonly bytes: number
}

function totals(state: EtlState): { tables: number } & Size {
  const tables = Object.values(state.tables)
  return { tables: tables.length, ...sizeOfFiles(tables.flatMap(({ files }) => files)) }
}

interface Place {
  readonly url: string
  readonly zone: string
}

function asText(state: EtlState, size: WarehouseSize | null, { url, zone }: Place, context: CommandContext): string {
  const { tables, rows, bytes } = totals(state)
  const lines = [['warehouse', url]]
  if (state.last_run_at === null) {
    lines.push(['last run', 'none yet: dwh run makes the first'])
  } else {
    const age = formatAge(new Date(state.last_run_at), context.clock())
    lines.push(['last run', `${state.last_run_at}, ${age}, took ${formatDuration(state.duration_ms ?? 0)}`])
    lines.push(['run', `${state.run_id}`])
    const ofAll = state.last_run_of_all
    if (ofAll === null) lines.push(['all tables', 'not read in one run yet: dwh run reads them'])
    else if (ofAll && ofAll.run_id !== state.run_id)
      lines.push(['all tables', `${ofAll.at}, ${formatAge(new Date(ofAll.at), context.clock())} (${ofAll.run_id})`])
    lines.push(['current', `${plural(tables, 'table')}, ${plural(rows, 'row')}, ${formatBytes(bytes)}`])
    const snapshot = snapshotText(takenAtOf(state.tables), zone)
    if (snapshot) lines.push([snapshot.label, snapshot.text])
  }
  if (size && size.days > 0) lines.push(['all days', sizeText(size)])
  if (!state.conditional_writes) lines.push(['storage', 'ignores conditional writes: let only one machine write to it'])
  const interrupted = state.retired.find(({ until }) => until === null)
  if (interrupted)
    lines.push(['plain copies', `those of run ${interrupted.run_id} may be missing; queries see all of the run`])
  for (const [name, { message }] of Object.entries(state.failed_tables))
    lines.push(['failed table', `${shownVersion(state.tables[name])}: ${message}`])
  if (state.last_failure) {
    const { run_id, at, message } = state.last_failure
    lines.push(['last failure', `${at}, ${formatAge(new Date(at), context.clock())} (${run_id})`], ['', message])
  }
  const width = context.stdout.size()?.columns
  const fit = (line: string) => (width === undefined ? line : wrapWords(line, width).join('\n'))
  const hintLines = printableLines(state.last_failure?.hint ?? '').split('\n')
  const hint = state.last_failure?.hint ? `\n${hintLines.map(fit).join('\n')}\n` : ''
  return alignColumns(lines, [], { width, wrap: true }) + hint
}

function sizeText({ days, firstDay, lastDay, bytes, complete }: WarehouseSize): string {
  const range = firstDay === lastDay ? firstDay : `${firstDay} to ${lastDay}`
  return `${plural(days, 'day')}, ${range}, ${complete ? '' : 'more than '}${formatBytes(bytes)}`
}

/** Null where it is not known: a web server lists nothing. */
function sizeAsJson(size: WarehouseSize | null) {
  return {
    days: size?.days ?? null,
    first_day: size?.firstDay ?? null,
    last_day: size?.lastDay ?? null,
    all_objects: size?.objects ?? null,
    all_bytes: size?.bytes ?? null,
    all_counted: size?.complete ?? null,
  }
}

function asJson(state: EtlState, storage: string) {
  const {
    last_run_at,
    status,
    run_id,
    last_run_of_all,
    duration_ms,
    copies_pending,
    failed_tables,
    last_failure,
    counts,
    conditional_writes,
  } = state
  const takenAt = takenAtOf(state.tables)
  return {
    storage,
    status,
    last_run_at,
    run_id,
    last_run_of_all,
    duration_ms,
    ...totals(state),
    counts,
    oldest_taken_at: takenAt?.oldest ?? null,
    newest_taken_at: takenAt?.newest ?? null,
    copies_pending,
    failed_tables,
    last_failure,
    conditional_writes,
    current: Object.fromEntries(Object.entries(state.tables).map(([name, table]) => [name, tableAsJson(table)])),
  }
}

/**
 * `source`: its name in the source. `started_at`: the start of the run that published it, read or unchanged, by the clock
 * of the machine of that run.
 */
function tableAsJson(table: TableEntry) {
  const { source, date, run_id, snapshot, columns } = table
  return {
    source: { schema: source.schema, table: source.table },
    date,
    run_id,
    started_at: runStartedAt(run_id)?.toISOString() ?? null,
    taken_at: snapshot.taken_at,
    ...sizeOfFiles(table.files),
    columns: columns.map(({ name, type, nullable }) => ({ name, type, nullable })),
  }
}
