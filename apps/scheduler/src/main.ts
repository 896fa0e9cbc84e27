import type { Server } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { argv, cwd, env, memoryUsage, stderr, stdout } from 'node:process'
import { endRequests, isDwhError } from '@dwh/core'
import { checkSettings, loadConfig } from '@dwh/warehouse/settings'
import { Command, CommanderError } from 'commander'
import { checkHealth } from './check-health.ts'
import { liveness, readiness } from './health.ts'
import { HELP } from './help.ts'
import { serve } from './http-server.ts'
import { jsonLog } from './log.ts'
import { renderMetrics } from './metrics.ts'
import { makeOutbox } from './outbox.ts'
import { runDwh } from './run-dwh.ts'
import { makeScheduler } from './scheduler.ts'
import { isRun, type Job, jobLabels, type SchedulerSettings, schedulerSettings, someTablesOf } from './settings.ts'
import { version } from './version.ts'
import { waitUntil } from './wait.ts'
import { postJson, slackMessage } from './webhook.ts'

const clock = () => new Date()
// the reader of the log may close it: the scheduler goes on
stdout.on('error', () => {})
const log = jsonLog((line) => void stdout.write(line), clock)
const controller = new AbortController()
const { signal } = controller
const onSignal = endRequests({
  first: (name) => {
    log('info', `${name}: ending`)
    controller.abort(name)
  },
  again: () => process.exit(1),
  now: () => performance.now(),
})
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)

/** Reading the status of the warehouse means reading one small file, and listing the objects. */
const LOOK_DEADLINE_MS = 5 * 60_000
/** How long the scheduler waits for unsent alerts when it ends. */
const LAST_WORDS_MS = 1_000

interface Flags {
  readonly config?: string
  readonly checkHealth?: boolean
}

const program = new Command('dwh-scheduler')
  .description('Runs dwh on a schedule until it is stopped.')
  .version(version)
  .option('--config <path>', 'the configuration file (default: dwh.yaml, if it exists)')
  .option('--check-health', 'check that the scheduler with these settings is healthy: exit code 0 if so, else 1')
  .addHelpText('after', HELP)
  .allowExcessArguments(false)
  .exitOverride()

async function main(): Promise<number> {
  const flags = program.parse(argv).opts<Flags>()
  const environment = { env, cwd: cwd(), home: homedir(), tmp: tmpdir() }
  const config = await loadConfig(flags.config === undefined ? {} : { config: flags.config }, environment)
  const settings = schedulerSettings(config)
  if (flags.checkHealth) return checkHealth(settings.listen, (text) => void stderr.write(text))
  await checkSettings(config, { source: isReading(settings) }, environment)
  if (config.schedule.prune !== undefined && config.schedule.prune !== 'off' && settings.schedules.prune === null)
    log('warn', 'old days are never removed: no setting says which days to keep', {
      hint: 'Set DWH_KEEP_DAILY, DWH_KEEP_WEEKLY, DWH_KEEP_MONTHLY or DWH_KEEP_YEARLY.',
    })
  await work(settings, flags.config === undefined ? env : { ...env, DWH_CONFIG: flags.config })
  return 0
}

async function work(settings: SchedulerSettings, childEnv: typeof env): Promise<void> {
  let awakeAt = performance.now()
  let commands = 0
  const lastWords = new AbortController()
  const { webhook } = settings
  const outbox =
    webhook &&
    makeOutbox({
      deliver: (alert) => postJson(webhook, slackMessage(alert), lastWords.signal),
      log,
      clock,
      signal: lastWords.signal,
    })

  const scheduler = makeScheduler({
    settings,
    clock,
    log,
    signal,
    wait: (until, over) =>
      waitUntil(until, clock, over, () => {
        awakeAt = performance.now()
      }),
    dwh: async (args, job) => {
      commands += 1
      const outcome = await runDwh(args, {
        env: childEnv,
        clock,
        signal,
        deadlineMs: job === 'look' ? LOOK_DEADLINE_MS : (someTablesOf(job, settings) ?? settings).deadlineMs,
        onLine: (line) => log('info', line, jobLabels(job, settings)),
      })
      commands -= 1
      awakeAt = performance.now()
      return outcome
    },
    alert: (alert) => outbox?.put(alert),
  })

  const server =
    settings.listen &&
    (await serve(settings.listen, {
      health: () => liveness(performance.now() - awakeAt, commands),
      ready: () => readiness(scheduler.state(), settings),
      metrics: () => renderMetrics(scheduler.state(), settings, version, memoryUsage.rss()),
    }))
  const { timeZone: timezone } = settings
  log('info', `dwh-scheduler ${version} started`, {
    timezone,
    ...plan(settings),
    listen: server ? addressOf(server) : 'off',
  })
  try {
    await scheduler.run()
  } finally {
    const timer = setTimeout(() => lastWords.abort(), LAST_WORDS_MS)
    await outbox?.empty()
    clearTimeout(timer)
    server?.close()
    server?.closeAllConnections()
  }
  log('info', 'ended')
}

function addressOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`
}

/** Whether any job reads the source. */
function isReading({ schedules }: SchedulerSettings): boolean {
  return Object.entries(schedules).some(([job, schedule]) => isRun(job as Job) && schedule !== null)
}

/** Returns the first time of each job; those of runs of some tables by their names, if there are any. */
function plan({ schedules, tables }: SchedulerSettings): Record<string, unknown> {
  const first = (job: Job) => schedules[job]?.next(clock()) ?? 'off'
  const some = Object.entries(tables).map(([job, { name }]) => [name, first(job as Job)])
  return {
    run: first('run'),
    ...(some.length === 0 ? {} : { tables: Object.fromEntries(some) }),
    prune: first('prune'),
    verify: first('verify'),
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  // commander has printed its message
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    const hint = isDwhError(error) && error.hint ? `  ${error.hint}\n` : ''
    stderr.write(`error: ${error instanceof Error ? error.message : error}\n${hint}`)
    process.exitCode = isDwhError(error, 'CONFIG_INVALID') ? 2 : 1
  }
}
