import { type DotCommand, schemasText, wrong } from './dot-command.ts'
import type { ShellSession } from './shell-session.ts'

/** Commands of psql, sqlite3, mysql and duckdb that do the same here under another name. */
const SAME: Readonly<Record<string, string>> = {
  ...{ exit: '.quit', quit: '.quit', '.exit': '.quit', '.q': '.quit', '\\q': '.quit', ':q': '.quit' },
  ...{ help: '.help', '?': '.help', '.?': '.help', '\\?': '.help', '\\h': '.help', '.h': '.help' },
  ...{ '\\dt': '.tables', '\\dv': '.tables', '.fullschema': '.schema', '.columns': '.schema' },
  ...{ '.headers': '.header', '.maxrows': '.max-rows', '.asof': '.as-of' },
}

const FORMATS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ box: 'table', column: 'table', duckbox: 'table', list: 'table', aligned: 'table', line: 'vertical' },
    ...{ ndjson: 'jsonl', jsonlines: 'jsonl', tabs: 'tsv' },
  }),
)

const ONE_WAREHOUSE =
  'A session reads one warehouse: exit, and start `dwh shell --storage PATH`. For another day: .as-of DAY'
const TO_A_FILE =
  'Use COPY (FROM orders) TO \'orders.csv\'; in SQL, or exit and run `dwh query -o orders.csv "FROM orders"`.'
const FROM_A_FILE = 'Exit, and run `dwh shell < FILE` or `dwh query --file FILE`.'
const NOTHING_TO_CHANGE = 'A warehouse is only read. `dwh run` copies the tables again.'

/** What other commands are for, and how to do that here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...{ '.open': ONE_WAREHOUSE, '\\c': ONE_WAREHOUSE, '\\connect': ONE_WAREHOUSE, connect: ONE_WAREHOUSE },
  ...{ '\\o': TO_A_FILE, '.output': TO_A_FILE, '.once': TO_A_FILE, '\\copy': TO_A_FILE, '.dump': TO_A_FILE },
  ...{ '.excel': TO_A_FILE, '\\i': FROM_A_FILE, '\\ir': FROM_A_FILE, '.read': FROM_A_FILE, source: FROM_A_FILE },
  ...{ '.import': NOTHING_TO_CHANGE, '.save': NOTHING_TO_CHANGE, '.restore': NOTHING_TO_CHANGE },
  '\\di': 'Parquet files have no indexes. .schema shows the key of each table.',
  '.indexes': 'Parquet files have no indexes. .schema shows the key of each table.',
  '\\du': 'A warehouse has no users: whoever may read its files may query it.',
  '\\df': 'FROM duckdb_functions(); lists the functions.',
  '\\e': 'Write the statement in a file. Then exit, and run `dwh shell < FILE`.',
  '.edit': 'Write the statement in a file. Then exit, and run `dwh shell < FILE`.',
  '.width': 'Tables fit the terminal. \\x shows all columns, each in its own line.',
  '.nullvalue': 'A table shows NULL as NULL, csv as an empty field, json as null.',
  '\\!': 'Exit to run a program.',
  '.shell': 'Exit to run a program.',
  '.system': 'Exit to run a program.',
}

const ADAPTED: Readonly<Record<string, (argument: string, session: ShellSession) => [string, string]>> = {
  // without a table, psql lists them
  '\\d': (argument) => [argument === '' ? '.tables' : '.schema', argument],
  '.describe': (argument) => ['.schema', argument],
  '.mode': (argument) => ['.format', FORMATS.get(argument) ?? argument],
  '\\t': (argument, { header }) => ['.header', argument || (header ? 'off' : 'on')],
  '\\timing': (argument, { timer }) => ['.timer', argument || (timer ? 'off' : 'on')],
}

const INFORMS: Readonly<Record<string, DotCommand['run']>> = {
  '\\l': (_, session) => `${session.describe()}\n`,
  '.databases': (_, session) => `${session.describe()}\n`,
  '\\conninfo': (_, session) => `${session.describe()}\n`,
  '\\dn': (_, session) => schemasText(session),
  '.show': (_, { format, maxRows, ...session }) =>
    `format: ${format}, max-rows: ${maxRows}, header: ${onOrOff(session.header)}, pager: ${onOrOff(session.pager)}, timer: ${onOrOff(session.timer)}\n`,
}

const onOrOff = (on: boolean) => (on ? 'on' : 'off')

/** Words that are commands without a dot. They begin no statement. */
const BARE = /^(?:exit|quit|help|\?|:q|connect|source)(?:\s|;|$)/i

/** Whether a line at the beginning of a statement is a command rather than SQL. */
export function isDotCommand(line: string): boolean {
  return line.startsWith('.') || line.startsWith('\\') || BARE.test(line.trim())
}

/** Whether a line is a command that exists, here or in another shell. SQL too may begin a line with a dot. */
export function isKnownCommand(line: string, known: Readonly<Record<string, DotCommand>>): boolean {
  const { name } = wordsOf(line)
  // such a word alone may be a column of a statement's next line: only these leave, as in psql
  const bare = /^[a-z]/i.test(line.trim()) && !/^(?:exit|quit|:q)\s*;?$/i.test(line.trim())
  return (
    !bare &&
    isDotCommand(line) &&
    [known, SAME, ELSEWHERE, ADAPTED, INFORMS].some((names) => Object.hasOwn(names, name))
  )
}

export interface CommandLine {
  readonly name: string
  readonly argument: string
}

/** Splits a line. psql's `+` and `S` after a command ask for more or for system tables: they change nothing here. */
export function wordsOf(line: string): CommandLine {
  const [, name = '', argument = ''] = /^\s*(\S*?)(?:;|\s|$)\s*(.*?)[;\s]*$/s.exec(line) ?? []
  const word = name.startsWith('\\') ? name.replace(/^(\\d[a-z]?)[S+]+$/, '$1') : name.toLowerCase()
  return { name: word, argument: argument.replace(/^(['"])(.*)\1$/, '$2') }
}

/**
 * Translates a command of another shell into one of ours, or answers it.
 * @throws DwhError CONFIG_INVALID for what is done otherwise here
 */
export function translate({ name, argument }: CommandLine, session: ShellSession): CommandLine | DotCommand['run'] {
  const informs = INFORMS[name]
  if (informs) return informs
  const [adapted, rest] = ADAPTED[name]?.(argument, session) ?? [SAME[name] ?? name, argument]
  const hint = ELSEWHERE[name]
  if (hint !== undefined) throw wrong(`${name}: not a command of this shell`, hint)
  return { name: adapted, argument: rest }
}
