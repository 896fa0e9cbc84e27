import { execFile } from 'node:child_process'
import { chmod, chown, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type PostgresServer, startPostgresServer } from '@dwh/postgres-server'
import { temporaryFolder, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { buildCode, SERVER_FLAWS } from './build-code.ts'
import * as code from './code.ts'
import { type Day, type Held, takeDay } from './take-day.ts'

const run = promisify(execFile)

/** Only Debian's packages have pg_resetwal; `tools/suites/runner/install-debian-packages` installs one. */
async function programs(): Promise<string> {
  const [version] = await readdir('/usr/lib/postgresql').catch(() => [])
  if (version === undefined) throw new Error('no Postgres of Debian: run tools/suites/runner/install-debian-packages')
  return join('/usr/lib/postgresql', version, 'bin')
}

/** A server whose next transaction id can be chosen. */
class WrappingServer {
  readonly #folder: string
  readonly #bin: string
  #server: PostgresServer | undefined

  constructor(folder: string, bin: string) {
    this.#folder = folder
    this.#bin = bin
  }

  get url(): string {
    return this.#server?.url() ?? ''
  }

  async start(): Promise<void> {
    this.#server = await startPostgresServer({
      bin: this.#bin,
      folder: this.#folder,
      settings: { autovacuum: 'off', fsync: 'off' },
    })
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
  }

  query(sql: string, database = 'postgres') {
    return withClient(this.#server?.url(database) ?? '', (client) => client.query(sql))
  }

  /** Goes on at a transaction id, less than 2^31 ahead. */
  async goTo(id: number): Promise<void> {
    await this.query(`UPDATE pg_database SET datallowconn = true`)
    for (const database of ['template0', 'template1', 'postgres']) await this.query('VACUUM FREEZE', database)
    await this.stop()
    const data = join(this.#folder, 'data')
    const { uid, gid } = await stat(data)
    // the status of transactions up to there: 32 pages of 32,768 each in a file
    const file = join(
      data,
      'pg_xact',
      Math.floor(id / (32 * 32_768))
        .toString(16)
        .toUpperCase()
        .padStart(4, '0'),
    )
    await writeFile(file, Buffer.alloc(256 * 1024))
    await chown(file, uid, gid)
    await run(join(this.#bin, 'pg_resetwal'), ['-x', String(id), '-D', data], { uid, gid, cwd: data })
    await this.start()
  }

  /** Uses up transaction ids. */
  async use(ids: number): Promise<void> {
    await withClient(this.url, async (client) => {
      for (let i = 0; i < ids; i += 1) await client.query('SELECT pg_current_xact_id()')
    })
  }
}

const said = ({ answer }: Held) => (answer.changed ? answer.reason.id : `unchanged by ${answer.by}`)
const answers = (day: Day) => Object.fromEntries([...day].map(([name, held]) => [name, said(held)]))

test('transaction ids beyond 2^32: old rows are old, and new rows are new', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  const server = new WrappingServer(folder, await programs())
  onTestFinished(() => server.stop())
  await server.start()
  await server.query('CREATE TABLE ancient AS SELECT 1 AS i')
  for (const id of [1_500_000_000, 3_000_000_000, 2 ** 32 - 60]) await server.goTo(id)
  await server.query('CREATE TABLE kept AS SELECT i FROM generate_series(1, 10) i')
  await server.query('CREATE TABLE written AS SELECT i, 0 AS n FROM generate_series(1, 10) i')
  const first = await takeDay(code, { connection: server.url })
  expect(first.get('kept')?.state).toMatchObject({ snapshot: { xmin: expect.stringMatching(/^42949672\d\d$/) } })

  await server.use(100)
  await server.query('UPDATE written SET n = 1 WHERE i = 1')
  const second = await takeDay(code, { connection: server.url, earlier: first })
  expect(second.get('kept')?.state).toMatchObject({ snapshot: { xmin: expect.stringMatching(/^42949673\d\d$/) } })
  const rowsChanged = { ancient: 'unchanged by count', kept: 'unchanged by count', written: 'rows-changed' }
  expect(answers(second)).toEqual(rowsChanged)

  await server.query('VACUUM FREEZE')
  await server.query('UPDATE written SET n = 2 WHERE i = 2')
  expect(answers(await takeDay(code, { connection: server.url, earlier: second }))).toEqual(rowsChanged)

  // 1.9 billion transactions between two days; a restart, which is not meant here, is ignored
  const sameServer = await buildCode([SERVER_FLAWS.restart])
  await server.goTo(1_900_000_000)
  await server.query('UPDATE written SET n = 3 WHERE i = 3')
  const third = await takeDay(sameServer, { connection: server.url, earlier: second })
  // the id of a frozen row is now one that was used again since: it may be new, so the table is read
  expect(answers(third)).toEqual({ ...rowsChanged, ancient: 'rows-changed' })
  await server.goTo(3_000_000_000)
  await server.query('CREATE TABLE later ()')
  const late = await takeDay(sameServer, {
    connection: server.url,
    earlier: second,
    names: ['ancient', 'kept', 'written'],
  })
  expect(answers(late)).toEqual({ ancient: 'not-compared', kept: 'not-compared', written: 'not-compared' })
})
