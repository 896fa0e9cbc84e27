import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { DwhError } from '@dwh/core'
import { formatResult, openWarehouse, RESULT_FORMATS, type ResultFormat } from '@dwh/query'
import { Command, Option } from 'commander'
import type { World } from '../surroundings.ts'
import { type CommonFlags, openFiles, openForReading, readSnapshot } from './shared.ts'

const HELP = `
Runs SQL (DuckDB's) over the tables of the last good run, each under its name: customers, billing.invoices. Only the files of the
tables that it names are opened, and each is checked against the SHA-256 it was published with.

Examples:
  $ dwh query "SELECT count(*) FROM customers"
  $ dwh query --format csv "FROM orders" > orders.csv
  $ dwh query --file revenue.sql
  $ dwh query --as-of 2026-02-17 "FROM customers"     the tables of that day
  $ echo "SHOW TABLES" | dwh query`

interface QueryFlags extends CommonFlags {
  readonly file?: string
  readonly format: ResultFormat
  readonly asOf?: string
  readonly maxRows: string
}

export function queryCommand(world: World): Command {
  return new Command('query')
    .description('ask the warehouse, in SQL')
    .argument('[sql]', 'one or more statements; "-" or nothing reads them from stdin')
    .option('-f, --file <path>', 'read the statements from a file')
    .addOption(new Option('--format <format>', 'how the answer is written').choices(RESULT_FORMATS).default('table'))
    .option('--as-of <day>', 'the tables as they were on that day')
    .option('--max-rows <number>', 'the most rows that a table shows; 0 for all', '1000')
    .addHelpText('after', HELP)
    .action(async (given: string | undefined, _, command: Command) => {
      const flags = command.optsWithGlobals<QueryFlags>()
      if (!/^\d+$/.test(flags.maxRows)) {
        throw new DwhError('CONFIG_INVALID', `--max-rows ${flags.maxRows}: expected a number`, {
          hint: 'Such as --max-rows 50; 0 shows all.',
        })
      }
      const sql = await readSql(given, flags, world)
      const opened = await openForReading(flags, world)
      const { config } = opened
      const { storage } = config
      const { tables } = await readSnapshot(opened, flags.asOf)
      const warehouse = await openWarehouse({
        tables,
        files: openFiles(opened),
        timeZone: config.timezone,
        memoryLimitBytes: config.memoryLimitBytes,
        tempDirectory: config.temp,
        extensionDirectory: config.extensions ?? undefined,
        httpfs: 's3' in storage ? { caFile: storage.caFile, proxy: storage.s3.proxy } : undefined,
      })
      const format = flags.json ? 'json' : flags.format
      try {
        for await (const result of warehouse.query(sql, { signal: world.signal })) {
          const notes: string[] = []
          const onNote = (note: string) => void notes.push(note)
          for await (const piece of formatResult(result, format, { maxRows: Number(flags.maxRows), onNote })) {
            // a reader that has seen enough, as `head` does
            if (!(await world.stdout.write(piece))) return
          }
          for (const note of notes) world.stderr.write(`${note}\n`)
        }
      } finally {
        await warehouse.close()
      }
    })
}

async function readSql(given: string | undefined, { file }: QueryFlags, world: World): Promise<string> {
  if (given !== undefined && file !== undefined) {
    throw new DwhError('CONFIG_INVALID', 'the statements come twice, from the command line and from --file', {
      hint: 'Give one of them.',
    })
  }
  if (file !== undefined) {
    return readFile(resolve(world.cwd, file), 'utf8').catch((cause) => {
      throw new DwhError('CONFIG_INVALID', `--file ${file}: ${cause.message}`, {
        cause,
        hint: 'Give the path of a file with SQL.',
      })
    })
  }
  if (given !== undefined && given !== '-') return given
  if (given === undefined && world.stdin.isTTY) {
    throw new DwhError('CONFIG_INVALID', 'no SQL', {
      hint: 'Such as: dwh query "SELECT count(*) FROM customers"; or --file, or stdin.',
    })
  }
  return text(world.stdin)
}
