// Measures how fast `dwh query` gives its rows to another program, against DuckDB's own COPY of the same rows.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { startTunedServer } from '@dwh/test-kit/server'
import pg from 'pg'
import { BIN, runDwh } from './dwh.ts'
import { type ProcessFigures, runNode } from './run-program.ts'

const { values: flags } = parseArgs({
  options: { rows: { type: 'string', default: '10000000' }, rounds: { type: 'string', default: '3' } },
})
const COPY_OUT = fileURLToPath(new URL('./copy-out.js', import.meta.url))

interface Contender {
  readonly name: string
  /** Greatest CPU time, in that of DuckDB's own COPY. */
  readonly goal?: number
  readonly goalMegabytes?: number
  readonly command: readonly string[]
}

const folder = await mkdtemp(join(tmpdir(), 'dwh-bench-'))
await chmod(folder, 0o755)
const server = await startTunedServer({ folder: join(folder, 'postgres') })
try {
  const work = join(folder, 'work')
  await mkdir(work)
  const client = new pg.Client({ connectionString: server.url() })
  await client.connect()
  await client.query('CREATE TABLE one AS SELECT 1 AS id')
  await client.end()
  await runDwh(work, server.url(), {})
  const query = `FROM '${await rowsOf(Number(flags.rows))}'`
  const contenders: Contender[] = [
    { name: "DuckDB's own COPY, csv", command: [COPY_OUT, query] },
    {
      name: 'dwh query --format csv',
      goal: 1.5,
      goalMegabytes: 300,
      command: [BIN, 'query', '--format', 'csv', query],
    },
    {
      name: 'dwh query --format jsonl',
      goal: 2,
      goalMegabytes: 300,
      command: [BIN, 'query', '--format', 'jsonl', query],
    },
  ]
  const runs = new Map<string, ProcessFigures[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < Number(flags.rounds); round += 1)
    for (const { name, command } of contenders)
      runs.get(name)?.push(await runNode({ command, cwd: work, discardStdout: true }))
  const [base] = contenders.map(({ name }) => middle(runs.get(name) ?? [], 'cpuSeconds'))
  for (const { name, goal, goalMegabytes } of contenders) {
    const of = runs.get(name) ?? []
    const cpu = middle(of, 'cpuSeconds')
    const goals = goal ? ` (at most ${goal}x, ${goalMegabytes} MB)` : ''
    console.log(
      `${name}: ${cpu.toFixed(2)} s of CPU, ${(cpu / (base ?? 0)).toFixed(2)}x, ${middle(of, 'wallSeconds').toFixed(2)} s, ${middle(of, 'peakMegabytes').toFixed(0)} MB${goals}`,
    )
  }
} finally {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}

/** A Parquet file of rows with a number, a text, a decimal, an instant, a boolean and a double. */
async function rowsOf(rows: number): Promise<string> {
  const path = join(folder, 'rows.parquet')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(
    `COPY (SELECT i AS id, 'customer ' || (i * 7919 % 1000003) AS name, (i * 0.37)::DECIMAL(18, 2) AS amount,
      TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_microseconds(i * 1234567) AS created_at, i % 7 = 0 AS flag, (i * 1.1)::DOUBLE AS score
      FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet)`,
  )
  connection.closeSync()
  instance.closeSync()
  return path
}

function middle(figures: readonly ProcessFigures[], of: keyof ProcessFigures): number {
  const values = figures.map((one) => one[of]).sort((a, b) => a - b)
  return values[Math.floor(values.length / 2)] ?? Number.NaN
}
