import { randomBytes } from 'node:crypto'
import type { SourceSnapshot, TableSchema } from '@dwh/core'
import { createDatabase, type FaultProxy, serverUrl, startFaultProxy, type TestDatabase } from '@dwh/test-kit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type PostgresSourceOptions, postgresSource } from '../index.ts'

const HEARTBEAT_MS = 600
/** More time than it may take to detect a lost connection. */
const LONG_MS = 5 * HEARTBEAT_MS
const ROWS = 200_000

interface House {
  readonly proxy: FaultProxy
  readonly open: () => Promise<SourceSnapshot>
}

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase(await serverUrl())
  // large enough to fill every buffer between the server and the reader
  await database.query(`CREATE TABLE t AS SELECT i, repeat(md5(i::text), 8) AS text FROM generate_series(1, ${ROWS}) i`)
})
afterAll(() => database.drop())

/** Opens the database through a proxy that can fail. */
async function house({ connections = -1, ...options }: PostgresSourceOptions & { connections?: number } = {}) {
  const role = `r_${randomBytes(6).toString('hex')}`
  await database.query(
    `CREATE ROLE ${role} LOGIN PASSWORD 'pw' CONNECTION LIMIT ${connections}; GRANT SELECT ON t TO ${role}`,
  )
  onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const url = new URL(database.url)
  const proxy = await startFaultProxy({ host: url.hostname, port: Number(url.port) })
  onTestFinished(() => proxy.close())
  Object.assign(url, { username: role, password: 'pw', port: String(proxy.port) })
  url.searchParams.set('connect_timeout', '1')
  const source = postgresSource({ connection: url.href, heartbeatMs: HEARTBEAT_MS, parallel: 1, ...options })
  const open = async () => {
    const snapshot = await source.open()
    onTestFinished(() => snapshot.close())
    return snapshot
  }
  return { proxy, open } satisfies House
}

async function onlyTable(snapshot: SourceSnapshot): Promise<TableSchema> {
  const [table] = await snapshot.tables()
  return table as TableSchema
}

interface Reading {
  readonly where?: string
  /** Called once, when the first rows have arrived. */
  readonly meanwhile?: () => Promise<void>
}

const WAYS = {
  rows: async (snapshot: SourceSnapshot, { where, meanwhile }: Reading = {}) => {
    let count = 0
    for await (const batch of snapshot.read(await onlyTable(snapshot), { where }).rows) {
      if (count === 0) await meanwhile?.()
      count += batch.length
    }
    return count
  },
  copy: async (snapshot: SourceSnapshot, { where, meanwhile }: Reading = {}) => {
    const data = snapshot.readBulkText?.(await onlyTable(snapshot), { where })
    let pieces = 0
    for await (const _ of data?.bulkText ?? []) {
      if (pieces === 0) await meanwhile?.()
      pieces += 1
    }
    return data?.sent()
  },
  profile: async (snapshot: SourceSnapshot, { where }: Reading = {}) => {
    const wishes = { proof: 'columns', native: false } as const
    return (await snapshot.profileTable?.(await onlyTable(snapshot), wishes, { where }))?.proof.rows
  },
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const DEAD = { code: 'SOURCE_FAILED', hint: expect.stringMatching(/Run again/) }
const READS = { rows: 'SELECT "i"', copy: 'COPY (', profile: 'count(*)' } as const

async function inTime<T>(work: Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    return await work
  } finally {
    expect(performance.now() - start).toBeLessThan(LONG_MS + 2_000)
  }
}

describe.each(['rows', 'copy', 'profile'] as const)('%s', (way) => {
  test.each([
    ['data of the server is lost', { direction: 'down', afterBytes: way === 'profile' ? 0 : 100_000 }],
    ['our data is lost', { direction: 'up', afterBytes: 0 }],
  ] as const)('one connection lost, %s: the read ends, and can be repeated', async (_, where) => {
    const { proxy, open } = await house()
    const snapshot = await open()
    await snapshot.tables()
    const fault = proxy.add({ does: 'black-hole', sees: READS[way], ...where })
    const dead = { ...DEAD, message: expect.stringContaining('connection lost'), context: { retryable: true } }
    await expect(inTime(WAYS[way](snapshot))).rejects.toMatchObject(dead)
    expect(fault.hits).toBe(1)
    expect(await WAYS[way](snapshot)).toBe(ROWS)
  })

  test('network down: every read ends', async () => {
    const { proxy, open } = await house()
    const snapshot = await open()
    await snapshot.tables()
    proxy.add({ does: 'black-hole-all', sees: READS[way], afterBytes: way === 'profile' ? 0 : 100_000 })
    const dead = { ...DEAD, message: expect.stringContaining('no answer for 0.6 s') }
    await expect(inTime(WAYS[way](snapshot))).rejects.toMatchObject(dead)
    await expect(WAYS[way](snapshot)).rejects.toMatchObject(dead)
  })

  test.each([-1, 1])('long query, %i connections: not interrupted', async (connections) => {
    const { open } = await house({ connections })
    const snapshot = await open()
    const slow = `i > (SELECT 0 FROM (SELECT pg_catalog.pg_sleep(${LONG_MS / 1000})) AS s)`
    expect(await WAYS[way](snapshot, { where: slow })).toBe(ROWS)
  })
})

describe.each(['rows', 'copy'] as const)('%s', (way) => {
  test('slow caller: not interrupted', async () => {
    const { open } = await house()
    expect(await WAYS[way](await open(), { meanwhile: () => pause(LONG_MS) })).toBe(ROWS)
  })

  test('machine sleeps: not interrupted', async () => {
    const { open } = await house()
    const slow = `i > (SELECT 0 FROM (SELECT pg_catalog.pg_sleep(${LONG_MS / 1000})) AS s)`
    const timer = setTimeout(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LONG_MS / 2)
    }, HEARTBEAT_MS)
    onTestFinished(() => clearTimeout(timer))
    expect(await WAYS[way](await open(), { where: slow })).toBe(ROWS)
  })
})

describe('list of tables', () => {
  test.each([
    ['BEGIN', 'no answer for 0.6 s'],
    ['pg_export_snapshot', 'no answer for 0.6 s'],
  ])('%s is lost: an error', async (sees, message) => {
    const { proxy, open } = await house()
    proxy.add({ does: 'black-hole', sees, direction: 'up' })
    await expect(inTime(open())).rejects.toMatchObject({ ...DEAD, message: expect.stringContaining(message) })
  })

  test.each([
    ['black-hole', { ...DEAD, message: expect.stringContaining('connection lost') }],
    ['black-hole-all', { code: 'SOURCE_UNREACHABLE', message: expect.stringContaining('timeout') }],
  ] as const)('query of the catalog, %s: an error', async (does, error) => {
    const { proxy, open } = await house()
    const snapshot = await open()
    proxy.add({ does, sees: 'pg_attribute', direction: 'up' })
    await expect(inTime(snapshot.tables())).rejects.toMatchObject(error)
  })

  test('single connection, network down: an error', async () => {
    const { proxy, open } = await house({ connections: 1 })
    const snapshot = await open()
    await snapshot.tables()
    proxy.add({ does: 'black-hole-all', sees: 'COPY (', afterBytes: 100_000 })
    await expect(inTime(WAYS.copy(snapshot))).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('timeout'),
    })
  })

  test('abort while the server is silent: ends at once', async () => {
    const { proxy, open } = await house({ heartbeatMs: 60_000 })
    const snapshot = await open()
    proxy.add({ does: 'black-hole', sees: 'pg_attribute', direction: 'up' })
    const listing = snapshot.tables()
    listing.catch(() => {})
    await pause(100)
    await snapshot.close()
    await expect(listing).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })
})
