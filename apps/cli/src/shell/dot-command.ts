import { DwhError } from '@dwh/core'
import { RESULT_FORMATS, type ResultFormat } from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'
import { columnsText, listTables, sizesText } from '../output/listed-tables.ts'
import type { ShellSession } from './shell-session.ts'

interface DotCommand {
  /** As `.help` prints it. */
  readonly usage: string
  readonly does: string
  /** Possible arguments, for completion. */
  readonly words?: (session: ShellSession) => readonly string[]
  /** Returns the text to print; null to exit. */
  run(argument: string, session: ShellSession, signal: AbortSignal): Promise<string | null> | string | null
}

const wrong = (what: string, hint: string) => new DwhError('CONFIG_INVALID', what, { hint })

export const DOT_COMMANDS: Readonly<Record<string, DotCommand>> = {
  '.tables': {
    usage: '.tables',
    does: 'list the tables of the warehouse',
    run: (_, { tables }) => sizesText(listTables(tables)),
  },
  '.schema': {
    usage: '.schema [pattern]',
    does: 'show their columns',
    words: ({ tables }) => Object.keys(tables),
    run: (pattern, { tables }) =>
      listTables(tables, pattern ? [pattern] : [])
        .map(columnsText)
        .join('\n'),
  },
  '.as-of': {
    usage: '.as-of [day]',
    does: 'show the tables of that day; without a day, those of the last run',
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
  '.timer': {
    usage: '.timer on|off',
    does: 'print how long each statement took',
    words: () => ['on', 'off'],
    run(onOrOff, session) {
      if (onOrOff === '') return `${session.timer ? 'on' : 'off'}\n`
      if (onOrOff !== 'on' && onOrOff !== 'off')
        throw wrong(`.timer ${onOrOff}: expected on or off`, 'Use .timer on or .timer off.')
      session.timer = onOrOff === 'on'
      return ''
    },
  },
  '.help': { usage: '.help', does: 'show this list', run: () => dotHelp() },
  '.quit': { usage: '.quit', does: 'exit', run: () => null },
}

/** Commands that people know from psql and other shells. */
const ALIASES: Readonly<Record<string, string>> = {
  '.exit': '.quit',
  exit: '.quit',
  quit: '.quit',
  '\\q': '.quit',
  '.?': '.help',
  '\\?': '.help',
  help: '.help',
  '\\dt': '.tables',
  '\\d': '.schema',
  '\\timing': '.timer',
}

/** Whether a line at the beginning of a statement is a dot command rather than SQL. */
export function isDotCommand(line: string): boolean {
  return line.startsWith('.') || line.startsWith('\\') || ['exit', 'quit', 'help'].includes(line.replace(/;?\s*$/, ''))
}

/**
 * Runs a dot command and writes its output to stdout. Returns false to exit.
 * @throws DwhError CONFIG_INVALID, ABORTED, and the store's errors
 */
export async function runDotCommand(
  line: string,
  session: ShellSession,
  context: Pick<CommandContext, 'stdout'>,
  signal: AbortSignal,
): Promise<boolean> {
  const [, name = '', argument = ''] = /^(\S*)\s*(.*?)[;\s]*$/s.exec(line) ?? []
  const word = name.replace(/;$/, '')
  const known = DOT_COMMANDS[ALIASES[word] ?? word]
  if (!known) throw wrong(`${word}: unknown command`, '.help lists the commands; SQL statements end with a semicolon.')
  const said = await known.run(argument, session, signal)
  if (said === null) return false
  return context.stdout.write(said)
}

function dotHelp(): string {
  const commands = Object.values(DOT_COMMANDS)
  const width = Math.max(...commands.map(({ usage }) => usage.length))
  const lines = commands.map(({ usage, does }) => `${usage.padEnd(width)}  ${does}\n`)
  return `${lines.join('')}Everything else is SQL (DuckDB dialect) and ends with a semicolon.\n`
}
