import { mkdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDwhError } from '@dwh/core'
import { listQueries, type SeedQuery } from '@dwh/seed'
import { Command } from 'commander'
import pc from 'picocolors'
import { type DemoServer, startDemoServer } from './demo-server.ts'
import { runDwh } from './run-dwh.ts'

const HELP = `
Starts its own Postgres (in the folder, without Docker, on loopback only), fills it with the data of a small SaaS
company, copies it to a warehouse, and runs example queries. If you run it again, it keeps the data and replaces the day's files.`

/** This query compares two days; a first run has only one. */
const LAST_QUERY = 'new-between-days'
const SHOWN_ROWS = '14'

/** The build copies the seed here. */
const SEED_FOLDER = fileURLToPath(new URL('./seed', import.meta.url))

interface Flags {
  readonly folder: string
  readonly scale: string
  readonly seed: string
  readonly serve: boolean
}

const program = new Command('dwh-demo')
  .description('Start a bundled Postgres with example data, copy it to a warehouse, and query it.')
  .option('--folder <path>', 'folder for all files of the demo', 'dwh-demo')
  .option('--scale <number>', 'size of the data, in units of 50 customers', '1')
  .option('--seed <number>', 'number that determines the random data', '1')
  .option('--serve', 'keep Postgres running until Ctrl-C, to try dwh with it', false)
  .addHelpText('after', HELP)

const controller = new AbortController()
const stopped = new Promise<void>((done) => controller.signal.addEventListener('abort', () => done()))
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => controller.abort())

function heading(text: string): void {
  console.log(`\n${pc.bold(text)}`)
}

async function demo(flags: Flags): Promise<number> {
  const folder = resolve(flags.folder)
  await mkdir(folder, { recursive: true })
  heading('1. Start Postgres with example data: customers, orders, events')
  const seed = { number: Number(flags.seed), scale: Number(flags.scale), folder: SEED_FOLDER }
  const { server, url, seeded } = await startDemoServer(folder, seed)
  try {
    console.log(
      `${seeded ? 'Seeded' : 'Reused'}: a small SaaS company, ${50 * seed.scale} customers, at ${server.host}:${server.port}`,
    )
    return await tour({ server, url, seeded }, folder, await listQueries(SEED_FOLDER), flags)
  } finally {
    await server.stop()
  }
}

async function tour({ url }: DemoServer, folder: string, queries: readonly SeedQuery[], flags: Flags): Promise<number> {
  const warehouse = join(folder, 'warehouse')
  const env = { DATABASE_URL: url, DWH_STORAGE: warehouse }
  heading('2. Copy Postgres to Parquet; publish all tables or none')
  console.log(pc.dim('$ dwh run'))
  const exitCode = await runDwh(['run'], env, controller.signal)
  if (exitCode !== 0) return exitCode

  heading('3. Query the Parquet files')
  for (const { name, title } of queries) {
    if (name === LAST_QUERY) continue
    if (controller.signal.aborted) return 1
    const file = join(SEED_FOLDER, 'queries', `${name}.sql`)
    console.log(`\n${pc.cyan(title)}\n${pc.dim(`$ dwh query --file ${relative(process.cwd(), file)}`)}`)
    const failed = await runDwh(
      ['query', '--no-pager', '--max-rows', SHOWN_ROWS, '--file', file],
      env,
      controller.signal,
    )
    if (failed) return failed
  }
  next(warehouse)
  if (flags.serve) {
    console.log(
      `\nPostgres keeps running until Ctrl-C. In another terminal:\n  export DATABASE_URL=${url}\n  export DWH_STORAGE=${warehouse}`,
    )
    await stopped
  }
  return 0
}

/** Suggests `npx @dwh/cli`: outside a clone, `npx dwh` would run another package. */
function next(warehouse: string): void {
  const here = relative(process.cwd(), warehouse) || '.'
  heading('Try next')
  console.log(`  export DWH_STORAGE=${here}
  npx @dwh/cli tables                                     list the tables
  npx @dwh/cli query "SELECT count(*) FROM customers"     your own query
  npx @dwh/cli query --format csv --file ${relative(process.cwd(), join(SEED_FOLDER, 'queries/churn.sql'))}

Then use your own Postgres:
  export DWH_STORAGE=./warehouse
  DATABASE_URL=postgres://user:password@host/database npx @dwh/cli plan
  DATABASE_URL=postgres://user:password@host/database npx @dwh/cli run`)
}

program.parse()
try {
  process.exitCode = await demo(program.opts<Flags>())
} catch (error) {
  console.error(`${pc.red('error:')} ${error instanceof Error ? error.message : error}`)
  if (isDwhError(error) && error.hint) console.error(`  ${error.hint}`)
  process.exitCode = isDwhError(error, 'CONFIG_INVALID') ? 2 : 1
}
