import { randomBytes } from 'node:crypto'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { startPgbouncer, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { workplace } from './test-support.ts'

const TABLES = `CREATE TABLE a AS SELECT i, repeat('x', 300) AS t FROM generate_series(1, 40000) i; CREATE TABLE b AS TABLE a; ANALYZE`

async function nativeWorkplace() {
  return workplace({ DWH_EXTENSIONS: await duckdbExtensions(), DWH_EXTRACT: 'native' })
}

/** Returns the extraction method of each table, and the notes about it. */
function methods({ stdout, stderr }: { stdout: string; stderr: string }): { taken: string[]; said: string[] } {
  const { tables } = JSON.parse(stdout) as { tables: Record<string, { method: string; rows: number }> }
  expect(Object.values(tables).map(({ rows }) => rows)).toEqual([40000, 40000])
  return {
    taken: Object.values(tables).map(({ method }) => method),
    said: stderr.match(/^- used COPY instead .*$/gm) ?? [],
  }
}

test.each([1, 2, 3])(
  'connection limit %i refuses the sessions of DuckDB: tables that it cannot read are copied, with the reason',
  async (limit) => {
    const database = await testDatabase(TABLES)
    const role = `r_${randomBytes(6).toString('hex')}`
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 's3cr3t' CONNECTION LIMIT ${limit};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
    onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
    const { hostname, port } = new URL(database.url)
    const { dwh } = await nativeWorkplace()
    const run = await dwh([
      'run',
      '--json',
      '--debug',
      '--source',
      `postgres://${role}:s3cr3t@${hostname}:${port}/${database.name}`,
    ])
    expect(run.code, run.stderr).toBe(0)
    const { taken, said } = methods(run)
    // the session of the snapshot takes one connection; with a higher limit, DuckDB may get the others for one table
    // and not for the other
    if (limit === 1) expect(taken).toEqual(['copy', 'copy'])
    expect(said.length > 0).toBe(taken.includes('copy'))
    for (const line of said) expect(line).toMatch(/too many connections for role/)
    expect(run.stdout + run.stderr).not.toContain('s3cr3t')
  },
)

test('pooler in transaction mode, without session settings: tables are copied', async () => {
  const database = await testDatabase(TABLES)
  const { hostname, port, username, password } = new URL(database.url)
  const pooler = await startPgbouncer(
    { hosts: [hostname], port: Number(port), user: username, password },
    { pool_mode: 'transaction' },
  )
  onTestFinished(() => pooler.stop())
  const { dwh } = await nativeWorkplace()
  const run = await dwh(['run', '--json'], {
    env: { DATABASE_URL: `postgres://${username}:${password}@${pooler.host}:${pooler.port}/${database.name}` },
  })
  expect(run.code, run.stderr).toBe(0)
  const { taken, said } = methods(run)
  expect(taken).toEqual(['copy', 'copy'])
  expect(said.join()).toMatch(/unsupported startup parameter/)
  expect(run.stderr).not.toContain(password)
})

test('after a run: DuckDB leaves no session on the server and has written nothing', async () => {
  const database = await testDatabase(TABLES)
  const { dwh } = await nativeWorkplace()
  const run = await dwh(['run', '--json'], { env: { DATABASE_URL: database.url } })
  expect(methods(run)).toEqual({ taken: ['native', 'native'], said: [] })
  const { rows } = await database.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  )
  expect(rows).toEqual([{ n: 0 }])
})
