import { printable } from '@dwh/core'
import { formatBytes, plural, type VerifyReport, wrapWords } from '@dwh/warehouse'
import { Command, InvalidArgumentError } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns } from '../output/lines.ts'
import { EXIT } from '../output/report-error.ts'
import { type CommonFlags, open } from './shared.ts'

const HELP = `
Reads every file that the manifests of all days name, and compares its size and SHA-256. Looks for files that no
manifest names, and checks that etl.json, the manifests and the run records can be read. Changes nothing.

Examples:
  $ dwh verify                  full check: reads every byte (from a bucket: downloads it)
  $ dwh verify --sample 5%      existence and size of all files, and the bytes of one in twenty
  $ dwh verify --deep           also recomputes each file's proof, and compares it with that of its run

Exit code: 0 no problems, 5 problems found; each is printed with its key. dwh repair rebuilds etl.json and manifests.
Restore a damaged Parquet file from a backup or, for a table of today, with the next dwh run.`

interface VerifyFlags extends CommonFlags {
  readonly sample: number
  readonly deep?: boolean
}

export function verifyCommand(context: CommandContext): Command {
  return new Command('verify')
    .description('check every file against its committed size and SHA-256')
    .option('--sample <share>', 'fully check only this share of the files: 5%, 0.05', share, 1)
    .option('--deep', 'also recompute the proof of each file and compare it')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<VerifyFlags>()
      const warehouse = await open(flags, context)
      const report = await warehouse.verify({ sample: flags.sample, deep: flags.deep })
      if (report.problems.length > 0) context.exitWith(EXIT.damaged)
      await context.stdout.write(
        flags.json
          ? `${JSON.stringify(report, null, 2)}\n`
          : text(report, warehouse.store.url, context.stdout.size()?.columns),
      )
    })
}

function text(
  { problems, days, files, read, bytes, orphans, unknown }: VerifyReport,
  url: string,
  width: number | undefined,
): string {
  const fitted = (line: string) => `${width === undefined ? line : wrapWords(line, width).join('\n')}\n`
  const looked = `${plural(files, 'file')} of ${plural(days, 'day')}, ${plural(read, 'file')} (${formatBytes(bytes)}) read completely`
  const aside = [
    ...(orphans.length > 0
      ? [`- ${plural(orphans.length, 'object')} of runs in progress or interrupted; the next run removes orphans\n`]
      : []),
    ...unknown.map((key) => `- ${printable(key)}: not created by dwh\n`),
  ].join('')
  if (problems.length === 0) return fitted(`No problems: ${looked}, in ${url}`) + aside
  const rows = problems.map(({ kind, message }) => [kind, message])
  const lines = alignColumns(rows, [], { width, wrap: true })
  return `${lines}${fitted(`${plural(problems.length, 'problem')}: ${looked}, in ${url}`)}${aside}`
}

function share(value: string): number {
  const [, number = '', percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(value) ?? []
  const parsed = percent ? Number(number) / 100 : Number(number)
  if (number === '' || parsed > 1) throw new InvalidArgumentError('Expected a share, such as 5% or 0.05.')
  return parsed
}
