import { DwhError } from '@dwh/core'
import { plural, RESULT_FORMATS, type ResultFormat } from '@dwh/warehouse'
import { columnsText, listTables, sizesText } from '../output/listed-tables.ts'
import type { ShellSession } from './shell-session.ts'

export interface DotCommand {
  /** As `.help` prints it. */
  readonly usage: string
  readonly does: string
  /** Possible arguments, for completion. */
  readonly words?: (session: ShellSession) => readonly string[]
  /** Returns the text to print; null to exit. */
  run(argument: string, session: ShellSession, signal: AbortSignal): Promise<string | null> | string | null
}

export const wrong = (what: string, hint: string): DwhError => new DwhError('CONFIG_INVALID', what, { hint })

/** A setting that is on or off. Without an argument it is printed. */
function onOff(name: string, does: string, setting: 'header' | 'timer' | 'pager'): DotCommand {
  return {
    usage: `${name} on|off`,
    does,
    words: () => ['on', 'off'],
    run(argument, session) {
      if (argument === '') return `${session[setting] ? 'on' : 'off'}\n`
      if (argument !== 'on' && argument !== 'off')
        throw wrong(`${name} ${argument}: expected on or off`, `Use ${name} on or ${name} off.`)
      session[setting] = argument === 'on'
      return ''
    },
  }
}

/** The formats that `\x` switches between. */
const EXPANDED: ReadonlyMap<string, ResultFormat> = new Map([
  ['on', 'vertical'],
  ['off', 'table'],
  ['auto', 'auto'],
])

export const DOT_COMMANDS: Readonly<Record<string, DotCommand>> = {
  '.tables': {
    usage: '.tables [pattern]',
    does: 'list the tables of the warehouse',
    words: ({ tables }) => Object.keys(tables),
    run: (pattern, { tables }) => sizesText(listTables(tables, pattern ? [pattern] : [])),
  },
  '.schema': {
    usage: '.schema [pattern]',
    does: 'show their columns',
    words: ({ tables }) => Object.keys(tables),
    run: (pattern, { tables }) =>
      listTables(tables, pattern ? [pattern] : [])
        .map((table) => columnsText(table))
        .join('\n'),
  },
  '.as-of': {
    usage: '.as-of [day]',
    does: 'show the tables of a day; without one, of the last run',
    async run(day, session, signal) {
      await session.showDay(day || undefined, signal)
      return `${session.describe()}\n`
    },
  },
  '.format': {
    usage: '.format [format]',
    does: RESULT_FORMATS.join(', '),
    words: () => RESULT_FORMATS,
    run(format, session) {
      if (format === '') return `${session.format}\n`
      if (!RESULT_FORMATS.some((known) => known === format))
        throw wrong(`.format ${format}: unknown format`, `Use one of ${RESULT_FORMATS.join(', ')}.`)
      session.format = format as ResultFormat
      return ''
    },
  },
  '\\x': {
    usage: '\\x [on|off|auto]',
    does: 'each column in its own line; auto: if a table is too wide',
    words: () => [...EXPANDED.keys()],
    run(argument, session) {
      const format = EXPANDED.get(argument || (session.format === 'vertical' ? 'off' : 'on'))
      if (format === undefined) throw wrong(`\\x ${argument}: expected on, off or auto`, 'For example: \\x auto')
      session.format = format
      return `format: ${format}\n`
    },
  },
  '.max-rows': {
    usage: '.max-rows [number]',
    does: 'maximum rows that a table shows; 0 shows all',
    run(number, session) {
      if (number === '') return `${session.maxRows}\n`
      if (!/^\d+$/.test(number))
        throw wrong(`.max-rows ${number}: expected a number`, 'For example: .max-rows 50; 0 shows all.')
      session.maxRows = Number(number)
      return ''
    },
  },
  '.header': onOff('.header', 'begin csv and tsv with the names of the columns', 'header'),
  '.pager': onOff('.pager', 'show results longer than the screen in a pager', 'pager'),
  '.timer': onOff('.timer', 'print how long each statement took', 'timer'),
  '.help': { usage: '.help', does: 'show this list', run: () => dotHelp() },
  '.quit': { usage: '.quit', does: 'exit', run: () => null },
}

/** Prints the schemas, as psql's `\dn` does. */
export function schemasText({ tables }: ShellSession): string {
  const counts = new Map<string, number>()
  for (const { source } of Object.values(tables)) counts.set(source.schema, (counts.get(source.schema) ?? 0) + 1)
  return [...counts.entries()]
    .sort()
    .map(([schema, count]) => `${schema}: ${plural(count, 'table')}\n`)
    .join('')
}

/** Lists the commands, for `.help` and for `dwh shell --help`. */
export function dotHelp(indent = ''): string {
  const commands = Object.values(DOT_COMMANDS)
  const width = Math.max(...commands.map(({ usage }) => usage.length))
  const lines = commands.map(({ usage, does }) => `${indent}${usage.padEnd(width)}  ${does}\n`)
  return `${lines.join('')}${indent}Everything else is SQL (DuckDB dialect) and ends with a semicolon.\n`
}
