// Measures what it costs to find out that tables have not changed.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Detection, DetectionRequest, SourceSnapshot } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { startTunedServer } from '@dwh/test-kit/server'
import pg from 'pg'
import { serverCpuSeconds } from './server-cpu.ts'

const { values: flags } = parseArgs({
  options: { rows: { type: 'string', default: '10000000' }, rounds: { type: 'string', default: '3' } },
})
const SMALL_TABLES = 50

interface Figures {
  readonly wallSeconds: number
  readonly serverCpuSeconds: number
}

const folder = await mkdtemp(join(tmpdir(), 'dwh-bench-'))
await chmod(folder, 0o755)
const server = await startTunedServer({ folder: join(folder, 'postgres'), settings: { autovacuum: 'off' } })
try {
  const client = new pg.Client({ connectionString: server.url() })
  await client.connect()
  const rows = Number(flags.rows)
  await client.query(`CREATE TABLE large AS SELECT i::bigint AS id, i % 1000 AS n, md5(i::text) AS t, i * 0.37 AS amount,
    now() AS at, i % 7 = 0 AS flag, i * 1.1::float8 AS score, md5((i * 7)::text) AS u FROM generate_series(1, ${rows}) i`)
  await client.query('VACUUM (FREEZE, ANALYZE) large')
  for (let i = 0; i < SMALL_TABLES; i += 1)
    await client.query(`CREATE TABLE small_${i} AS SELECT i AS id, md5(i::text) AS t FROM generate_series(1, 1000) i`)
  await client.query('VACUUM (FREEZE, ANALYZE)')

  const small = Array.from({ length: SMALL_TABLES }, (_, i) => `small_${i}`)
  const write = () => client.query('CREATE TABLE IF NOT EXISTS other (i int); UPDATE small_7 SET t = t WHERE id = 1')
  const large = await measure(['large'], async () => void (await write()))
  const counted = await measurePlainCount(client)
  console.log(
    `${rows / 1e6} million rows, SELECT count(*): ${print(counted)}, ${perMillion(counted, rows)} per million rows`,
  )
  console.log(`${rows / 1e6} million rows, unchanged: ${print(large)}, ${perMillion(large, rows)} per million rows`)
  console.log(
    `${SMALL_TABLES} small tables, one changed: ${print(await measure(small, async () => void (await write())))}`,
  )
  console.log(
    `all of them, nothing written in the server: ${print(await measure(['large', ...small], async () => {}))}`,
  )
  await client.end()
} finally {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}

/** Detects tables in rounds, `between` before each; returns medians. */
async function measure(names: readonly string[], between: () => Promise<void>): Promise<Figures> {
  let earlier = await detect(names, null)
  const measured: Figures[] = []
  for (let round = 0; round < Number(flags.rounds); round += 1) {
    await between()
    const now = await detect(names, earlier.states)
    measured.push(now.figures)
    earlier = now
  }
  return { wallSeconds: median(measured, 'wallSeconds'), serverCpuSeconds: median(measured, 'serverCpuSeconds') }
}

/** What the least that could be asked costs: in one session, without parallel workers. */
async function measurePlainCount(client: pg.Client): Promise<Figures> {
  await client.query('SET max_parallel_workers_per_gather = 0; SET jit = off')
  const measured: Figures[] = []
  for (let round = 0; round < Number(flags.rounds); round += 1) {
    const cpu = await serverCpuSeconds(server.pid)
    const started = performance.now()
    await client.query('SELECT count(*) FROM large')
    const wallSeconds = (performance.now() - started) / 1000
    measured.push({ wallSeconds, serverCpuSeconds: (await serverCpuSeconds(server.pid)) - cpu })
  }
  return { wallSeconds: median(measured, 'wallSeconds'), serverCpuSeconds: median(measured, 'serverCpuSeconds') }
}

type States = ReadonlyMap<string, { readonly state: unknown; readonly rows: number }>

/** Opens a snapshot, lists its tables and asks about some of them. */
async function detect(names: readonly string[], states: States | null): Promise<{ figures: Figures; states: States }> {
  const cpu = await serverCpuSeconds(server.pid)
  const started = performance.now()
  const snapshot = await postgresSource({ connection: server.url() }).open()
  try {
    const answers = await ask(snapshot, names, states)
    const wallSeconds = (performance.now() - started) / 1000
    const unexpected = answers.filter(({ changed }) => changed).length - (names.includes('small_7') ? 1 : 0)
    if (states !== null && unexpected > 0) throw new Error(`${unexpected} tables were not seen as unchanged`)
    await snapshot.close()
    const figures = { wallSeconds, serverCpuSeconds: (await serverCpuSeconds(server.pid)) - cpu }
    const rowsOf = (name: string) => (name === 'large' ? Number(flags.rows) : 1000)
    const pairs = names.map((name, at) => [name, { state: answers[at]?.state, rows: rowsOf(name) }] as const)
    return { figures, states: new Map(pairs) }
  } finally {
    await snapshot.close()
  }
}

async function ask(
  snapshot: SourceSnapshot,
  names: readonly string[],
  states: States | null,
): Promise<readonly Detection[]> {
  const tables = new Map((await snapshot.tables()).map((table) => [table.name, table]))
  const requests = names.flatMap((name): DetectionRequest[] => {
    const table = tables.get(name)
    return table ? [{ table, earlier: states?.get(name) ?? null }] : []
  })
  return (await snapshot.detect?.(requests)) ?? []
}

function median(figures: readonly Figures[], of: keyof Figures): number {
  const values = figures.map((one) => one[of]).sort((a, b) => a - b)
  return values[Math.floor(values.length / 2)] ?? Number.NaN
}

function print({ wallSeconds, serverCpuSeconds }: Figures): string {
  return `${wallSeconds.toFixed(2)} s, ${serverCpuSeconds.toFixed(2)} s of server CPU`
}

function perMillion({ serverCpuSeconds }: Figures, rows: number): string {
  return `${(serverCpuSeconds / (rows / 1e6)).toFixed(3)} s`
}
