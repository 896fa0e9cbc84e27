import { checkSource as requireSource } from '@dwh/config'
import { DwhError } from '@dwh/core'
import { connect, readOnlyRoleSql } from '@dwh/extract-postgres'
import { BUCKET_ROLES, type BucketRole, bucketPolicy } from '@dwh/storage'
import { Command, Option } from 'commander'
import pc from 'picocolors'
import { checkLocal } from '../doctor/check-local.ts'
import { checkSource, type ExaminedSource, READER } from '../doctor/check-source.ts'
import { checkStorage } from '../doctor/check-storage.ts'
import { checkWarehouse } from '../doctor/check-warehouse.ts'
import { attempt, CHECKS, type Finding, type Limits, ok, type Status, skip } from '../doctor/finding.ts'
import { printableLines, wrapWords } from '../output/lines.ts'
import { EXIT, redact } from '../output/report-error.ts'
import { plural } from '../output/units.ts'
import type { World } from '../surroundings.ts'
import { type CommonFlags, openStore, postgresOptions } from './shared.ts'

const HELP = `
Tries every connection and every permission that a run and a query need, in order, and names what to do about each that fails, with
the SQL or the policy to paste. Nothing in the database is changed, and nothing is left in the storage.

Examples:
  $ dwh doctor
  $ dwh doctor --json | jq '.checks[] | select(.status == "failed")'
  $ dwh doctor --role-sql | psql "$ADMIN_URL"     a role that can only read
  $ dwh doctor --bucket-policy > policy.json      the least rights in the bucket
  $ dwh doctor --bucket-policy reader             those of somebody who only asks

Exit code: 0 nothing failed, 1 a check failed, 2 the configuration is wrong.`

interface DoctorFlags extends CommonFlags {
  readonly roleSql?: string | true
  readonly bucketPolicy?: BucketRole | true
  readonly timeout: string
}

export function doctorCommand(world: World): Command {
  return new Command('doctor')
    .description('try every connection and permission, and name the fix')
    .option('--source <url>', 'the Postgres to read (DATABASE_URL is better: a command line can be seen by others)')
    .option('--role-sql [name]', `only print the SQL that makes a role which can only read (default: ${READER})`)
    .addOption(
      new Option('--bucket-policy [role]', 'only print the least policy for the bucket (default: writer)').choices(
        BUCKET_ROLES,
      ),
    )
    .option('--timeout <seconds>', 'how long each check may take', '10')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<DoctorFlags>()
      const timeoutMs = timeoutOf(flags.timeout)
      if (flags.roleSql !== undefined) return printRoleSql(flags, world)
      if (flags.bucketPolicy) return printBucketPolicy(flags, world)
      const findings: Finding[] = []
      for await (const finding of examine(flags, world, { signal: world.signal, timeoutMs })) {
        findings.push(finding)
        if (!flags.json && !(await world.stdout.write(redact(asText(finding), world.hidden())))) return
      }
      await world.stdout.write(redact(flags.json ? asJson(findings) : summary(findings), world.hidden()))
      const [worst] = findings.filter(({ status }) => status === 'failed')
      if (worst) world.exitWith(worst.id === 'config' ? EXIT.usage : EXIT.failed)
    })
}

async function* examine(flags: DoctorFlags, world: World, limits: Limits): AsyncGenerator<Finding> {
  const opened = await attempt(limits, async () => {
    const { config, store } = await openStore(flags, world, { attempts: 2, connectTimeoutMs: limits.timeoutMs })
    requireSource(config, world)
    return { config, store }
  })
  if ('failure' in opened) {
    yield { id: 'config', ...opened.failure }
    yield* skip('config', ...CHECKS.slice(1))
    return
  }
  const { config, store } = opened.value
  yield { id: 'config', ...ok(config.file ?? 'no dwh.yaml here: flags, environment and defaults') }
  const source: ExaminedSource | null = yield* checkSource(config, world, limits)
  yield* checkLocal(config, source?.largestTableBytes ?? 0)
  if (yield* checkStorage(config.storage, store, limits)) {
    yield* checkWarehouse(store, source?.info ?? null, world.clock(), limits)
  } else {
    yield* skip('storage.list', 'warehouse', 'warehouse.source', 'warehouse.last_run')
  }
}

async function printRoleSql(flags: DoctorFlags, world: World): Promise<void> {
  const { config } = await openStore(flags, world)
  requireSource(config, world)
  const { client } = await connect(postgresOptions(config, world), world.signal)
  try {
    await world.stdout.write(await readOnlyRoleSql(client, flags.roleSql === true ? READER : String(flags.roleSql)))
  } finally {
    await client.end()
  }
}

async function printBucketPolicy(flags: DoctorFlags, world: World): Promise<void> {
  const { config } = await openStore(flags, world)
  const role = flags.bucketPolicy === true ? undefined : flags.bucketPolicy
  if ('s3' in config.storage)
    return void (await world.stdout.write(`${bucketPolicy({ ...config.storage.s3, role })}\n`))
  throw new DwhError('CONFIG_INVALID', 'the storage is a folder, which needs no policy', {
    hint: 'Point --storage or DWH_STORAGE at a bucket: s3://bucket/prefix.',
  })
}

function timeoutOf(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 3600) return seconds * 1000
  throw new DwhError('CONFIG_INVALID', `--timeout ${text}: expected seconds, up to 3600`, {
    hint: 'Such as --timeout 30.',
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

/** A terminal that nobody has made wider. */
const WIDTH = 80

function wrapped(text: string, blanks: number): string {
  const lines = printableLines(text).split('\n')
  return indent(lines.flatMap((line) => wrapWords(line, WIDTH - blanks)).join('\n'), blanks)
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
