import { formatCount, plural, type RunPlan, type TablePlan } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns, noteLine } from '../output/lines.ts'
import { noteLines } from '../output/plan-notes.ts'
import { readersText } from '../output/plan-readers.ts'
import { terminalSize } from '../output/terminal-size.ts'
import { addRunFlags, open, planRequest, type RunFlags } from './shared.ts'

const HELP = `
Shows exactly what dwh run would do now, without doing it: which tables it reads
under which names and why, which have not changed, what it leaves out and why,
which columns it stores differently for which reader, and notes about the tables.

Examples:
  $ dwh plan
  $ dwh plan --tables "billing.*" --json
  $ dwh plan --readers spark,clickhouse     what those would need`

export function planCommand(context: CommandContext): Command {
  return addRunFlags(new Command('plan'))
    .description('show what a run would do')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<RunFlags>()
      const warehouse = await open(flags, context, {
        onNote: (note) => void context.stderr.write(noteLine(note, terminalSize(context.stderr, context.env)?.columns)),
      })
      const plan = await warehouse.plan(planRequest(flags))
      await context.stdout.write(
        flags.json ? `${JSON.stringify(asJson(plan), null, 2)}\n` : asText(plan, context.stdout.size()?.columns),
      )
    })
}

function asText(plan: RunPlan, width: number | undefined): string {
  const header = ['TABLE', 'COLUMNS', 'ABOUT ROWS', 'FILE', '']
  const rows = plan.tables.map((table) => [
    table.name,
    String(table.columns.length),
    table.table.estimatedRows === undefined ? '?' : formatCount(table.table.estimatedRows),
    table.key,
    remarks(table).join('; '),
  ])
  const left = [
    ...plan.skipped.map(({ table, reason }) => ['-', table, reason]),
    ...plan.dropped.map((table) => [
      '-',
      table,
      'no longer current: missing in the source or excluded; its history stays',
    ]),
  ]
  const unchanged = plan.tables.filter(({ step }) => step.action === 'keep').length
  const toRead = unchanged === 0 ? '' : `: ${plan.tables.length - unchanged} to read, ${unchanged} unchanged`
  const summary = `${plural(plan.tables.length, 'table')} as of ${plan.date}${toRead}\n`
  const notRead = left.length > 0 ? `\nNot read:\n${alignColumns(left, [], { width, wrap: true })}` : ''
  const forReaders = readersText(plan, width)
  const toKnow = plan.notes.length > 0 ? `\nNotes:\n${plan.notes.map((note) => noteLines(note, '-')).join('')}` : ''
  return `${tableText([header, ...rows], width)}${notRead}${forReaders}${toKnow}\n${summary}`
}

/** Leaves out the files where they do not fit: their names follow from the table and the day. */
function tableText(rows: readonly (readonly string[])[], width: number | undefined): string {
  const whole = alignColumns(rows, [1, 2])
  if (width === undefined || whole.split('\n').every((line) => line.length <= width)) return whole
  const withoutFiles = rows.map((row) => row.filter((_, column) => column !== 3))
  return alignColumns(withoutFiles, [1, 2], { width, cut: [0, 3] })
}

function remarks(table: TablePlan): string[] {
  const { source, name } = { source: `${table.table.schema}.${table.table.name}`, name: table.name }
  return [
    ...(table.isNew ? ['new'] : []),
    ...stepRemarks(table.step),
    ...(table.replaces ? ['replaces the file of that day'] : []),
    ...(source === name || source === `public.${name}` || table.table.schema !== 'public' ? [] : [`from ${source}`]),
    ...(table.where === null ? [] : [`where ${table.where}`]),
    ...table.changes,
  ]
}

/** Nothing for a new table, which is read without a reason. */
function stepRemarks(step: TablePlan['step']): string[] {
  if (step.action === 'read') return step.reason === null ? [] : [step.reason.text]
  return [step.prove ? 'unchanged; its proof is renewed' : 'unchanged']
}

function asJson(plan: RunPlan) {
  return {
    date: plan.date,
    tables: plan.tables.map((table) => ({
      name: table.name,
      source: {
        name: table.source,
        schema: table.table.schema,
        table: table.table.name,
        kind: table.table.kind ?? 'table',
      },
      key: table.key,
      columns: table.columns.map(({ as, name, type, sourceType, storeAs, storedFor, misreadBy }) => ({
        name: as,
        source_name: name,
        type,
        source_type: sourceType ?? null,
        stored_as: storeAs ?? null,
        stored_for: storedFor ?? [],
        misread_by: misreadBy ?? [],
      })),
      primary_key: table.primaryKey,
      where: table.where,
      is_new: table.isNew,
      replaces: table.replaces,
      read: table.step.action === 'read',
      reason: table.step.action === 'read' ? table.step.reason : null,
      changes: table.changes,
      estimated_rows: table.table.estimatedRows ?? null,
      outside_instant: table.table.outsideInstant ?? false,
    })),
    skipped: plan.skipped,
    dropped: plan.dropped,
    notes: plan.notes,
  }
}
