import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { DwhError, throwIfAborted } from '@dwh/core'
import { RESULT_FORMATS, type ResultFormat } from '@dwh/warehouse'
import { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { writeAnswers } from '../output/write-answers.ts'
import { type CommonFlags, checkMaxRows, openForReading } from './shared.ts'

const HELP = `
Runs SQL (DuckDB dialect) on the tables of the last good run, each under its
name: customers (or public.customers), billing.invoices. It opens only the files
of the tables that the SQL names, and checks each against the SHA-256 it was
published with.

On a terminal, a table is cut to its width and says what is not shown; --format
vertical shows each column in its own line, and auto does so where a table would
leave columns out. Results longer than the screen open in a pager: DWH_PAGER,
else PAGER, else less. In a file or a pipe nothing is cut.

Examples:
  $ dwh query "SELECT count(*) FROM customers"
  $ dwh query --format csv "FROM orders" > orders.csv
  $ dwh query --file revenue.sql
  $ dwh query --format vertical "FROM customers LIMIT 1"
  $ dwh query --as-of 2026-02-17 "FROM customers"     the tables of that day
  $ echo "SHOW TABLES" | dwh query`

interface QueryFlags extends CommonFlags {
  readonly file?: string
  readonly format: ResultFormat
  readonly asOf?: string
  readonly maxRows: string
  readonly pager: boolean
}

export function queryCommand(context: CommandContext): Command {
  return new Command('query')
    .description('query the warehouse in SQL')
    .argument('[sql]', 'one or more statements; "-" or no argument reads them from stdin')
    .option('-f, --file <path>', 'read the statements from a file')
    .addOption(new Option('--format <format>', 'output format').choices(RESULT_FORMATS).default('table'))
    .option('--as-of <day>', 'the tables as they were on that day')
    .option('--max-rows <number>', 'maximum rows that a table shows; 0 shows all', '1000')
    .option('--no-pager', 'print long results at once, instead of in a pager')
    .addHelpText('after', HELP)
    .action(async (given: string | undefined, _, command: Command) => {
      const flags = command.optsWithGlobals<QueryFlags>()
      const maxRows = checkMaxRows(flags.maxRows)
      const sql = await readSql(given, flags, context)
      const { warehouse } = await openForReading(flags, context)
      const session = await warehouse.session({ asOf: flags.asOf })
      const format = flags.json ? 'json' : flags.format
      try {
        const style = { format, maxRows, seeAll: '--format vertical', lend: flags.pager ? () => () => {} : null }
        await writeAnswers(session, sql, style, context, context.signal)
      } finally {
        await session.close()
      }
    })
}

async function readSql(given: string | undefined, { file }: QueryFlags, context: CommandContext): Promise<string> {
  if (given !== undefined && file !== undefined) {
    throw new DwhError('CONFIG_INVALID', 'SQL given twice: on the command line and with --file', {
      hint: 'Use one of the two.',
    })
  }
  if (file !== undefined) {
    return readFile(resolve(context.cwd, file), 'utf8').catch((cause) => {
      throw new DwhError('CONFIG_INVALID', `--file ${file}: ${cause.message}`, {
        cause,
        hint: 'Give the path of a file with SQL.',
      })
    })
  }
  if (given !== undefined && given !== '-') return given
  if (given === undefined && context.stdin.isTTY) {
    throw new DwhError('CONFIG_INVALID', 'no SQL given', {
      hint: 'For example: dwh query "SELECT count(*) FROM customers". Or use --file, or stdin.',
    })
  }
  return readStdin(context)
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
