import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import type { BulkText, SourceSnapshot, TableSchema } from '@dwh/core'
import { startTestServer, type TestDatabase, temporaryFolder, testDatabase, withClient } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { postgresSource } from '../index.ts'

const ROWS = 100_000
/** A little more than 100 MiB. */
const BIG = `CREATE TABLE big AS SELECT i, repeat('x', 1000) AS t FROM generate_series(1, ${ROWS}) i`

async function open(url: string, parallel: number, notes: string[] = []): Promise<SourceSnapshot> {
  const snapshot = await postgresSource({
    connection: url,
    parallel,
    lockTimeoutMs: 500,
    onBlockedDdl: 'wait',
    onNote: (note) => notes.push(note),
  }).open()
  onTestFinished(() => snapshot.close())
  return snapshot
}

async function copyOf(snapshot: SourceSnapshot, name: string, signal?: AbortSignal): Promise<BulkText> {
  const table = (await snapshot.tables()).find((candidate) => candidate.name === name) as TableSchema
  return snapshot.readBulkText?.(table, { signal }) as BulkText
}

/** Returns the first cell of each row, in order, as a number. */
async function firstCells({ bulkText, sent }: BulkText, onPiece = async () => {}): Promise<number[]> {
  const cells: number[] = []
  let rest = ''
  for await (const piece of bulkText) {
    const lines = (rest + Buffer.from(piece).toString('latin1')).split('\n')
    rest = lines.pop() as string
    for (const line of lines) cells.push(Number(line.split('\t', 2)[1]))
    await onPiece()
  }
  expect(rest).toBe('')
  expect(sent()).toBe(cells.length)
  return cells.sort((a, b) => a - b)
}

/** Returns the backends of dwh that run a COPY, oldest first, and the number of its sessions. */
async function backends(database: TestDatabase): Promise<{ copying: number[]; sessions: number }> {
  const { rows } =
    await database.query(`SELECT pid, state = 'active' AND query LIKE 'COPY%' AS copying FROM pg_stat_activity
    WHERE application_name = 'dwh' AND datname = current_database() ORDER BY backend_start`)
  return { copying: rows.filter((row) => row.copying).map((row) => row.pid), sessions: rows.length }
}

/** Reads until `backends` backends copy, then continues with `then`. */
async function whenCopying(database: TestDatabase, data: BulkText, count: number, then: (pids: number[]) => unknown) {
  let done = false
  return firstCells(data, async () => {
    if (done) return
    const { copying } = await backends(database)
    if (copying.length < count) return
    done = true
    await then(copying)
  }).finally(() => expect(done).toBe(true))
}

const all = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

describe('large table, several readers', () => {
  test('concurrent inserts, updates, deletes and vacuum: each row once', async () => {
    const database = await testDatabase(`${BIG}; ALTER TABLE big SET (autovacuum_enabled = off);
      DELETE FROM big WHERE i % 3 = 0; UPDATE big SET t = t || 'y' WHERE i % 7 = 0; DELETE FROM big WHERE i > ${ROWS - 5000}`)
    await database.query('VACUUM big')
    const { rows } = await database.query('SELECT i FROM big ORDER BY i')
    const snapshot = await open(database.url, 3)
    let writing = true
    const writer = withClient(database.url, async (client) => {
      for (let n = 0; writing; n += 1) {
        await client.query(`INSERT INTO big SELECT -i, repeat('z', 900) FROM generate_series(1, 2000) i`)
        await client.query('UPDATE big SET t = $1 WHERE i % 20 = $2', ['u', n % 20])
        await client.query('DELETE FROM big WHERE i % 20 = $1', [(n + 10) % 20])
        await client.query('VACUUM big')
      }
    })
    const cells = await whenCopying(database, await copyOf(snapshot, 'big'), 3, () => {}).finally(() => {
      writing = false
    })
    await writer
    expect(cells).toEqual(rows.map((row) => row.i))
    expect(await firstCells(await copyOf(snapshot, 'big'))).toEqual(cells)
    expect((await backends(database)).sessions).toBe(4)
  })

  test.each([15, 18] as const)(
    'Postgres %i: partitions and children with any names and columns, each row once',
    async (version) => {
      const folder = await temporaryFolder()
      await chmod(folder, 0o755)
      const server = await startTestServer({ folder, version })
      onTestFinished(() => server.stop())
      const role = `r_${randomBytes(6).toString('hex')}`
      await withClient(server.url(), (client) =>
        client.query(`${BIG};
        CREATE TABLE "a ""b'; --" (i int, t text) PARTITION BY RANGE (i);
        CREATE TABLE "Other order" (t text, gone int, i int); ALTER TABLE "Other order" DROP gone;
        ALTER TABLE "a ""b'; --" ATTACH PARTITION "Other order" FOR VALUES FROM (0) TO (30000);
        CREATE TABLE p1 PARTITION OF "a ""b'; --" FOR VALUES FROM (30000) TO (200000) PARTITION BY LIST (i);
        CREATE TABLE p1_rest PARTITION OF p1 DEFAULT; CREATE TABLE empty PARTITION OF "a ""b'; --" DEFAULT;
        INSERT INTO "a ""b'; --" TABLE big;
        CREATE TABLE parent (i int, t text); CREATE TABLE child (more int) INHERITS (parent);
        INSERT INTO parent SELECT * FROM big WHERE i % 2 = 0; INSERT INTO child SELECT * FROM big WHERE i % 2 = 1;
        CREATE MATERIALIZED VIEW mv AS TABLE big;
        CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT SELECT ON "a ""b'; --", parent, mv TO ${role}`),
      )
      const url = new URL(server.url())
      url.username = role
      url.password = 'pw'
      // the role may read the parents, but not their parts
      const snapshot = await open(url.href, 2)
      for (const name of [`a "b'; --`, 'parent', 'mv'])
        expect(await firstCells(await copyOf(snapshot, name)), name).toEqual(all(ROWS))
    },
    120_000,
  )

  test('condition, small table, empty table: read in one go', async () => {
    const database = await testDatabase(`${BIG}; CREATE TABLE small AS SELECT 1 AS i; CREATE TABLE nothing (i int)`)
    const snapshot = await open(database.url, 3)
    const big = (await snapshot.tables()).find(({ name }) => name === 'big') as TableSchema
    expect(await firstCells(snapshot.readBulkText?.(big, { where: 'i <= 50000' }) as BulkText)).toEqual(all(50_000))
    expect(await firstCells(await copyOf(snapshot, 'small'))).toEqual([1])
    expect(await firstCells(await copyOf(snapshot, 'nothing'))).toEqual([])
    expect((await backends(database)).sessions).toBe(2)
  })
})

describe('changing number of readers', () => {
  test.each([
    [1, 'the only connection'],
    [2, 'one reader'],
    [3, 'a reader and a helper'],
  ])('%i connections: %s', async (connections) => {
    const database = await testDatabase(BIG)
    const role = `r_${randomBytes(6).toString('hex')}`
    await database.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw' CONNECTION LIMIT ${connections}; GRANT SELECT ON big TO ${role}`,
    )
    onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
    const url = new URL(database.url)
    url.username = role
    url.password = 'pw'
    const notes: string[] = []
    const snapshot = await open(url.href, 2, notes)
    for (let round = 0; round < 2; round += 1)
      expect(await firstCells(await copyOf(snapshot, 'big'))).toEqual(all(ROWS))
    expect(notes).toHaveLength(connections < 3 ? 1 : 0)
  })

  test('another table needs the reader: the helper leaves, and returns afterwards', async () => {
    const database = await testDatabase(`${BIG}; CREATE TABLE small AS SELECT 1 AS i`)
    const snapshot = await open(database.url, 2)
    const small = await copyOf(snapshot, 'small')
    let read: number[] | undefined
    let most = 0
    const phases = [
      (copying: number) => {
        if (copying < 2) return false
        void firstCells(small).then((cells) => {
          read = cells
        })
        return true
      },
      () => read !== undefined,
      (copying: number) => copying === 2,
    ]
    const cells = await firstCells(await copyOf(snapshot, 'big'), async () => {
      if (phases.length === 0) return
      const { copying, sessions } = await backends(database)
      most = Math.max(most, sessions)
      if (phases[0]?.(copying.length)) phases.shift()
    })
    expect([phases.length, read, most]).toEqual([0, [1], 3])
    expect(cells).toEqual(all(ROWS))
  })

  test('helper that gets no lock: the table is read without it', async () => {
    const database = await testDatabase(`${BIG}; CREATE TABLE small AS SELECT 1 AS i`)
    const snapshot = await open(database.url, 2)
    const small = (await copyOf(snapshot, 'small')).bulkText[Symbol.asyncIterator]()
    await small.next()
    await withClient(database.url, async (client) => {
      let altered: Promise<unknown> | undefined
      const waiting = async () =>
        (await database.query(`SELECT FROM pg_locks WHERE NOT granted AND relation = 'big'::regclass`)).rows.length
      const cells = await firstCells(await copyOf(snapshot, 'big'), async () => {
        if (altered) return
        altered = client.query('ALTER TABLE big ADD COLUMN late int')
        await expect.poll(waiting).toBe(1)
        while (!(await small.next()).done);
      })
      expect(cells).toEqual(all(ROWS))
      await altered
    })
  })
})

describe('interruptions', () => {
  test.each([0, 1])('reader %i of two terminated: the table fails, and no session is left', async (which) => {
    const database = await testDatabase(BIG)
    const snapshot = await open(database.url, 2)
    const reading = whenCopying(database, await copyOf(snapshot, 'big'), 2, (pids) =>
      database.query('SELECT pg_terminate_backend($1)', [pids[which]]),
    )
    await expect(reading).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringMatching(/^big, after/),
    })
    await expect.poll(async () => (await backends(database)).sessions).toBe(1)
    expect(await firstCells(await copyOf(snapshot, 'big'))).toEqual(all(ROWS))
  })

  test('abort: all readers end', async () => {
    const database = await testDatabase(BIG)
    const snapshot = await open(database.url, 2)
    const controller = new AbortController()
    const reading = whenCopying(database, await copyOf(snapshot, 'big', controller.signal), 2, () => controller.abort())
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
    await expect.poll(async () => (await backends(database)).sessions).toBe(1)
  })

  test('early exit: all readers end', async () => {
    const database = await testDatabase(BIG)
    const snapshot = await open(database.url, 2)
    for await (const _ of (await copyOf(snapshot, 'big')).bulkText)
      if ((await backends(database)).copying.length === 2) break
    await expect.poll(async () => (await backends(database)).sessions).toBe(1)
    expect(await firstCells(await copyOf(snapshot, 'big'))).toEqual(all(ROWS))
  })
})
