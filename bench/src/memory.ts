import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestServer } from '@dwh/test-kit/server'
import pg from 'pg'
import { measureDwh } from './measure-dwh.ts'

// Does memory grow with the table? One narrow table, ten times as long each time.

const SIZES = [100_000, 1_000_000, 10_000_000]
const RUNS = 3

const folder = await mkdtemp(join(tmpdir(), 'dwh-bench-'))
await chmod(folder, 0o755)
const server = await startTestServer({ folder: join(folder, 'postgres'), settings: { max_wal_size: '8GB' } })
try {
  const rows: { rows: number; peak: number; wall: number; cpu: number }[] = []
  for (const size of SIZES) {
    await fill(server.url(), size)
    const runs = []
    for (let i = 0; i < RUNS; i += 1) {
      runs.push(
        await measureDwh(['run'], {
          DATABASE_URL: server.url(),
          DWH_STORAGE: join(folder, 'warehouse'),
          DWH_TMP: join(folder, 'tmp'),
        }),
      )
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
    rows.push({
      rows: size,
      peak: median(runs.map((run) => run.peakMegabytes)),
      wall: median(runs.map((run) => run.wallSeconds)),
      cpu: median(runs.map((run) => run.cpuSeconds)),
    })
  }
  console.log('| rows | peak memory | of that at 1 M | wall | cpu | rows per second |')
  console.log('| ---: | ---: | ---: | ---: | ---: | ---: |')
  const atMillion = rows.find((row) => row.rows === 1_000_000)?.peak ?? Number.NaN
  for (const { rows: n, peak, wall, cpu } of rows) {
    const cells = [
      n.toLocaleString('en-US'),
      `${peak.toFixed(0)} MB`,
      (peak / atMillion).toFixed(2),
      `${wall.toFixed(1)} s`,
      `${cpu.toFixed(1)} s`,
    ]
    console.log(`| ${[...cells, Math.round(n / wall).toLocaleString('en-US')].join(' | ')} |`)
  }
} finally {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}

async function fill(url: string, size: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`DROP TABLE IF EXISTS narrow;
      CREATE TABLE narrow AS SELECT i::bigint AS id, (i % 1000)::int AS n, 'customer ' || md5(i::text) AS t,
        jsonb_build_object('plan', 'pro', 'n', i) AS doc, timestamptz '2026-01-01' + i * interval '1 second' AS at
      FROM generate_series(1, ${size}) i; ANALYZE narrow`)
  } finally {
    await client.end()
  }
}
