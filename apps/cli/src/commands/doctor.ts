import { DwhError } from '@dwh/core'
import {
  attempt,
  BUCKET_ROLES,
  type BucketRole,
  CHECKS,
  checkSettings,
  type Finding,
  ok,
  plural,
  READER,
  type Status,
  skip,
  type Warehouse,
  wrapWords,
} from '@dwh/warehouse'
import { Command, Option } from 'commander'
import pc from 'picocolors'
import type { CommandContext } from '../command-context.ts'
import { DEFAULT_WIDTH } from '../help/help-width.ts'
import { printableLines } from '../output/lines.ts'
import { EXIT, redact } from '../output/report-error.ts'
import { examineReaders } from './examine-readers.ts'
import { type CommonFlags, open, openOptions, readSettings } from './shared.ts'

const HELP = `
Tests every connection and permission that a run and a query need, in order. For each failure it prints how to fix it, with the SQL or the policy to paste. Changes nothing in the database and leaves nothing in the storage. Without a source, it checks what queries need.

Examples:
  $ dwh doctor
  $ dwh doctor --json | jq '.checks[] | select(.status == "failed")'
  $ dwh doctor --role-sql | psql "$ADMIN_URL"     create a read-only role
  $ dwh doctor --bucket-policy > policy.json      least permissions to write to the bucket
  $ dwh doctor --bucket-policy reader             permissions for a read-only user
  $ dwh doctor --readers spark polars             columns that these cannot read exactly

Exit code: 0 no check failed, 1 a check failed, 2 the configuration is wrong.`

interface DoctorFlags extends CommonFlags {
  readonly roleSql?: string | true
  readonly bucketPolicy?: BucketRole | true
  readonly timeout: string
}

type ReadersFlag = { readonly readers?: readonly string[] | true }

export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .description('test every connection and permission, and print how to fix failures')
    .option(
      '--source <url>',
      'URL of the Postgres database to read (prefer DATABASE_URL: others can see a command line)',
    )
    .option('--role-sql [name]', `print only the SQL that creates a read-only role (default: ${READER})`)
    .addOption(
      new Option(
        '--bucket-policy [role]',
        'print only the least-privilege policy for the bucket (default: writer)',
      ).choices(BUCKET_ROLES),
    )
    .option(
      '--readers [names...]',
      'print only the columns of the warehouse that these programs cannot read exactly (default: those of dwh.yaml, or all)',
    )
    .option('--timeout <seconds>', 'time limit of each check', '10')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const { readers, ...flags } = command.optsWithGlobals<Omit<DoctorFlags, 'readers'> & ReadersFlag>()
      if (readers !== undefined) return examineReaders(readers === true ? [] : readers, flags, context)
      const timeoutMs = timeoutOf(flags.timeout)
      if (flags.roleSql !== undefined) return printRoleSql(flags, context)
      if (flags.bucketPolicy) return printBucketPolicy(flags, context)
      const findings: Finding[] = []
      for await (const finding of examine(flags, context, timeoutMs)) {
        findings.push(finding)
        if (!flags.json && !(await context.stdout.write(redact(asText(finding), context.hidden())))) return
      }
      await context.stdout.write(redact(flags.json ? asJson(findings) : summary(findings), context.hidden()))
      const [worst] = findings.filter(({ status }) => status === 'failed')
      if (worst) context.exitWith(worst.id === 'config' ? EXIT.usage : EXIT.failed)
    })
}

async function* examine(flags: DoctorFlags, context: CommandContext, timeoutMs: number): AsyncGenerator<Finding> {
  const opened = await attempt({ signal: context.signal, timeoutMs }, async (): Promise<Warehouse> => {
    const warehouse = await open(flags, context, { retry: { attempts: 2, connectTimeoutMs: timeoutMs } })
    await checkSettings(warehouse.config, { source: 'if set' }, openOptions(context))
    return warehouse
  })
  if ('failure' in opened) {
    yield { id: 'config', ...opened.failure }
    yield* skip('config', ...CHECKS.slice(1))
    return
  }
  const warehouse = opened.value
  yield { id: 'config', ...ok(warehouse.config.file ?? 'no dwh.yaml: using flags, environment, defaults') }
  yield* warehouse.examine({ timeoutMs })
}

async function printRoleSql(flags: DoctorFlags, context: CommandContext): Promise<void> {
  const role = flags.roleSql === true ? undefined : String(flags.roleSql)
  const { readerRoleSql } = await import('@dwh/warehouse')
  await context.stdout.write(await readerRoleSql(await readSettings(flags, context), role, openOptions(context)))
}

async function printBucketPolicy(flags: DoctorFlags, context: CommandContext): Promise<void> {
  const { policy } = await open(flags, context)
  const role = flags.bucketPolicy === true ? undefined : flags.bucketPolicy
  if (policy) return void (await context.stdout.write(`${policy(role)}\n`))
  throw new DwhError('CONFIG_INVALID', 'storage: not a bucket, so it needs no policy', {
    hint: 'Point --storage or DWH_STORAGE at a bucket: s3://bucket/prefix.',
  })
}

function timeoutOf(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 3600) return seconds * 1000
  throw new DwhError('CONFIG_INVALID', `--timeout ${text}: expected seconds, up to 3600`, {
    hint: 'For example: --timeout 30.',
  })
}

const MARKS: Readonly<Record<Status, string>> = {
  ok: pc.green('ok'.padEnd(7)),
  warning: pc.yellow('warning'),
  failed: pc.red('failed'.padEnd(7)),
  skipped: pc.dim('skipped'),
}

const ID_WIDTH = Math.max(...CHECKS.map((id) => id.length))

function asText({ id, status, found, fix, paste }: Finding): string {
  const start = `${MARKS[status]}  ${id.padEnd(ID_WIDTH)}  `
  const before = 7 + 2 + ID_WIDTH + 2
  const lines = [start + wrapped(found.replaceAll('\n', ' '), before).slice(before)]
  if (fix !== null) lines.push(wrapped(fix, 9))
  if (paste !== null) lines.push(indent(paste.trimEnd(), 11))
  return `${lines.join('\n')}\n`
}

function wrapped(text: string, blanks: number): string {
  const lines = printableLines(text).split('\n')
  return indent(lines.flatMap((line) => wrapWords(line, DEFAULT_WIDTH - blanks)).join('\n'), blanks)
}

function indent(text: string, blanks: number): string {
  return printableLines(text).replace(/^/gm, ' '.repeat(blanks))
}

function counts(findings: readonly Finding[]): Record<Status, number> {
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length
  return { ok: count('ok'), warning: count('warning'), failed: count('failed'), skipped: count('skipped') }
}

function summary(findings: readonly Finding[]): string {
  const { ok: good, warning, failed: bad, skipped } = counts(findings)
  return `\n${good} ok, ${plural(warning, 'warning')}, ${bad} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`
}

function asJson(findings: readonly Finding[]): string {
  const { ok: good, warning: warnings, failed: bad, skipped } = counts(findings)
  return `${JSON.stringify({ ok: good, warnings, failed: bad, skipped, checks: findings }, null, 2)}\n`
}
