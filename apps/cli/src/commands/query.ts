import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { DwhError, throwIfAborted } from '@dwh/core'
import {
  EXPORT_FORMATS,
  type ExportFormat,
  RESULT_FORMATS,
  type ResultFormat,
  type StatementKind,
  takeStatements,
} from '@dwh/warehouse'
import { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { type AnswersFile, formatOfFile, openAnswersFile } from '../output/answers-file.ts'
import { noteSession } from '../output/day-note.ts'
import { type AnswerStyle, writeAnswers } from '../output/write-answers.ts'
import { refuseFileName } from './refuse-file-name.ts'
import { AS_OF, type CommonFlags, checkMaxRows, openForReading } from './shared.ts'

const HELP = `
Runs SQL (DuckDB dialect) on the tables of the last good run, each under its
name: customers (or public.customers), billing.invoices. It opens only the files
of the tables that the SQL names, and checks each against the SHA-256 it was
published with.

On a terminal, a table is cut to its width and says what is not shown; --format
vertical shows each column in its own line, and auto does so where a table would
leave columns out. Results longer than the screen open in a pager: DWH_PAGER,
else PAGER, else less. In a file or a pipe nothing is cut.

Times with a time zone are shown in the time zone of the settings, with their
offset: RFC 3339 in csv, tsv, json and jsonl.

Examples:
  $ dwh query "SELECT count(*) FROM customers"
  $ dwh query --format vertical "FROM customers LIMIT 1"
  $ dwh query --as-of 2026-02-17 "FROM customers"   the tables of that day
  $ dwh query "FROM orders" -o orders.parquet       write a file, all or nothing
  $ dwh query --file revenue.sql --param year=2026  set $year in the statement
  $ dwh query --format csv "FROM orders" | gzip > orders.csv.gz
  $ echo "SHOW TABLES" | dwh query`

interface QueryFlags extends CommonFlags {
  readonly file?: string
  readonly command?: readonly string[]
  readonly format: ResultFormat | ExportFormat
  readonly output?: string
  readonly header: boolean
  readonly param?: Readonly<Record<string, string>>
  readonly asOf?: string
  readonly maxRows: string
  readonly pager: boolean
}

const FORMATS = [...new Set([...RESULT_FORMATS, ...EXPORT_FORMATS])]

export function queryCommand(context: CommandContext): Command {
  return new Command('query')
    .description('query the warehouse in SQL')
    .argument('[sql]', 'one or more statements; "-" or no argument reads them from stdin')
    .option('-c, --command <sql>', 'statements, as an option; may be repeated', collect)
    .option('-f, --file <path>', 'read the statements from a file; "-" is stdin')
    .addOption(new Option('--format <format>', 'output format').choices(FORMATS).default('table'))
    .option('-o, --output <path>', 'write to a file; its ending sets the format: .csv, .parquet')
    .option('--no-header', 'csv, tsv: omit the names of the columns')
    .option('--param <name=value>', 'set $name, or $1 and ? by number; may be repeated', parameter)
    .option(...AS_OF)
    .option('--max-rows <number>', 'maximum rows that a table shows; 0 shows all', '1000')
    .option('--no-pager', 'print long results at once, instead of in a pager')
    .addHelpText('after', HELP)
    .action(async (given: string | undefined, _, command: Command) => {
      const flags = command.optsWithGlobals<QueryFlags>()
      const maxRows = checkMaxRows(flags.maxRows)
      const format = formatOf(flags, command.getOptionValueSource('format') === 'cli', context)
      const sql = await readSql(given, flags, context)
      const { warehouse } = await openForReading(flags, context)
      const session = await warehouse.session({ asOf: flags.asOf })
      noteSession(flags.asOf, session, { ...context, zone: warehouse.config.timezone })
      const ran: StatementKind[] = []
      const style: AnswerStyle = {
        format,
        maxRows,
        header: flags.header,
        params: flags.param,
        onRan: (kind) => void ran.push(kind),
        seeAll: '--format vertical',
        lend: flags.pager ? () => () => {} : null,
      }
      let file: AnswersFile | null = null
      try {
        if (flags.output !== undefined) file = await openAnswersFile(resolve(context.cwd, flags.output), context)
        const { stdout, stderr } = context
        await writeAnswers(session, sql, style, { ...context, stdout: file ?? stdout }, context.signal)
        if (file && !ran.includes('rows')) throw noRows(flags.output)
        await file?.keep()
        if (ran.at(-1) === 'session') stderr.write(`${ENDED}\n`)
      } finally {
        await file?.close()
        await session.close()
      }
    })
}

function noRows(output: string | undefined): DwhError {
  return new DwhError('QUERY_FAILED', `--output ${output}: no statement returned rows, so nothing was written`, {
    hint: 'End with a query, such as FROM orders.',
  })
}

/** After a statement such as CREATE TABLE, whose success would look like an effect on the warehouse. */
const ENDED = `note: the warehouse is unchanged. Tables, views and settings end with the query.
  'dwh shell' keeps them while it is open; --output FILE stores a result.`

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function parameter(given: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, name, value] = /^\$?(\w+)=([\s\S]*)$/.exec(given) ?? []
  if (name !== undefined && value !== undefined) return { ...before, [name]: value }
  throw new DwhError('CONFIG_INVALID', `--param ${given}: expected name=value`, {
    hint: 'For example: --param year=2026 for $year in the statement.',
  })
}

/** The format of the flags, or of the file's ending. */
function formatOf(
  { json, format, output }: QueryFlags,
  given: boolean,
  context: CommandContext,
): AnswerStyle['format'] {
  if (json) return 'json'
  const chosen = given || output === undefined ? format : formatOfFile(output)
  if (chosen === null)
    throw new DwhError('CONFIG_INVALID', `--output ${output}: its ending stands for no format`, {
      hint: 'Add --format, such as --format csv, or give an ending: .csv, .tsv, .json, .jsonl, .md, .parquet.',
    })
  if (chosen === 'parquet' && output === undefined && context.stdout.size() !== null)
    throw new DwhError('CONFIG_INVALID', '--format parquet: a terminal cannot show it', {
      hint: 'Write a file: -o result.parquet.',
    })
  return chosen
}

async function readSql(given: string | undefined, flags: QueryFlags, context: CommandContext): Promise<string> {
  const sql = await givenSql(given, flags, context)
  const { statements, rest } = takeStatements(sql)
  if (statements.length > 0 || rest !== '') return sql
  throw noSql('the given text holds no statement')
}

async function givenSql(
  given: string | undefined,
  { file, command }: QueryFlags,
  context: CommandContext,
): Promise<string> {
  if ([given, file, command].filter((one) => one !== undefined).length > 1) {
    throw new DwhError('CONFIG_INVALID', 'SQL given twice: as an argument, with --command or with --file', {
      hint: 'Use one of the three.',
    })
  }
  if (command !== undefined) return command.join(';\n')
  if (file !== undefined && file !== '-') {
    return readFile(resolve(context.cwd, file), 'utf8').catch((cause) => {
      throw new DwhError('CONFIG_INVALID', `--file ${file}: ${cause.message}`, {
        cause,
        hint: 'Give the path of a file with SQL.',
      })
    })
  }
  if (given !== undefined && given !== '-') {
    await refuseFileName(given, context.cwd)
    return given
  }
  if (given === undefined && file === undefined && context.stdin.isTTY) throw noSql('no SQL given')
  return readStdin(context)
}

function noSql(message: string): DwhError {
  return new DwhError('CONFIG_INVALID', message, {
    hint: 'For example: dwh query "SELECT count(*) FROM customers". Or use --file, or stdin.',
  })
}

/** Reads stdin to its end; the signal closes it early. */
async function readStdin({ stdin, signal }: CommandContext): Promise<string> {
  try {
    return await text(addAbortSignal(signal, stdin as Readable))
  } catch (error) {
    throwIfAborted(signal, 'query')
    throw error
  }
}
