import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  bucketObjects,
  copyBucket,
  type Ended,
  folderObjects,
  makeSandbox,
  putObject,
  type Started,
  s3Client,
  type WarehouseObjects,
} from '@dwh/harness'
import { startS3Server } from '@dwh/s3-server'
import { createDatabase, type TestDatabase } from '@dwh/test-kit'
import { runOnce } from './child/run-once.ts'
import type { Place } from './child/spec.ts'

export type StoreKind = 'local' | 's3'
/**
 * The state before the run: empty, earlier days, the same day (which the run replaces), or a past day (which it
 * replaces) and a later one. The newest run was two days ago, so what it replaced has expired.
 */
export type RunKind = 'empty' | 'first' | 're-run' | 'past'

export const PAST_DAY = '2026-02-18'

/** A warehouse under test. */
export interface Warehouse {
  readonly store: StoreKind
  readonly kind: RunKind
  readonly place: Place
  readonly objects: WarehouseObjects
  readonly temp: string
  readonly env: Readonly<Record<string, string>>
  /** The value of its tables when a run read them for the tested day; null if empty. */
  readonly value: number | null
  start(args: readonly string[]): Started
  dwh(args: readonly string[]): Promise<Ended>
  remove(): Promise<void>
}

/** The resources of one worker: a database, an S3 server, folders. */
export interface Lab {
  readonly database: TestDatabase
  /** Gives all rows of all tables a new value, in one transaction, and returns it. */
  nextValue(): Promise<number>
  /**
   * Returns the number of sessions of dwh that remain in Postgres after it had time to notice that their process has
   * ended.
   */
  sessionsLeft(): Promise<number>
  /** Makes a new warehouse. */
  warehouse(store: StoreKind, kind: RunKind): Promise<Warehouse>
  close(): Promise<void>
}

const TABLES = ['alpha', 'beta', 'gamma'] as const
export const VALUES: string = `SELECT min(v)::VARCHAR || ' ' || max(v)::VARCHAR AS v FROM (${TABLES.map((table) => `SELECT v FROM ${table}`).join(' UNION ALL ')})`

const SQL = `
  CREATE TABLE alpha AS SELECT i AS id, 0 AS v, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 20) j) AS note FROM generate_series(1, 400) i;
  CREATE TABLE beta AS SELECT i AS id, 0 AS v FROM generate_series(1, 20) i;
  CREATE TABLE gamma AS TABLE beta; ANALYZE`

const SESSIONS =
  "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dwh%'"
const PATIENCE_MS = 10_000

/** Put by a run that no longer exists, and that did not commit. */
const ORPHANS = ['parts/alpha/2026/01/01-%.parquet', 'days/2026/01/01-%.json', 'index/2026-01-%.json'].map(
  (key) => `_dwh/${key.replace('%', '20260101T000000Z-00000000')}`,
)

/** The day that a run of this kind is for, as options of the pipeline. */
export function dayOf(kind: RunKind): { readonly date?: string; readonly replace?: boolean } {
  if (kind === 'past') return { date: PAST_DAY, replace: true }
  return kind === 're-run' ? { date: dayBefore(2), replace: true } : {}
}

export function argsOf(kind: RunKind): string[] {
  const { date } = dayOf(kind)
  return date === undefined ? [] : ['--date', date, '--replace']
}

const DAY_MS = 24 * 60 * 60 * 1000

function dayBefore(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10)
}

export async function openLab(postgresUrl: string): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-crash-'))
  const database = await createDatabase(postgresUrl)
  await database.query(SQL)
  const server = await startS3Server()
  const endpoint = { endpoint: server.url, credentials: server.credential }
  const client = s3Client(endpoint)
  const templates = new Map<string, Promise<Warehouse>>()
  let made = 0
  let value = 0

  async function nextValue(): Promise<number> {
    value += 1
    await database.query(`BEGIN; ${TABLES.map((table) => `UPDATE ${table} SET v = ${value}`).join('; ')}; COMMIT`)
    return value
  }

  async function bare(store: StoreKind, kind: RunKind, of: number | null): Promise<Warehouse> {
    made += 1
    const own = join(folder, String(made))
    const bucket = `bucket-${made}`
    if (store === 's3') server.createBucket(bucket)
    const place: Place = store === 'local' ? { path: join(own, 'warehouse') } : { bucket, ...endpoint }
    const sandbox = await makeSandbox(own, {
      DATABASE_URL: database.url,
      DWH_STORAGE: 'path' in place ? place.path : `s3://${bucket}`,
      S3_ENDPOINT: endpoint.endpoint,
      AWS_ACCESS_KEY_ID: endpoint.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: endpoint.credentials.secretAccessKey,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    })
    const { temp, env, start } = sandbox
    return {
      store,
      kind,
      place,
      temp,
      env,
      start,
      value: of,
      objects: 'path' in place ? folderObjects(place.path) : bucketObjects(client, bucket),
      dwh: (args) => start(args).ended,
      remove: () => rm(own, { recursive: true, force: true }),
    }
  }

  async function makeTemplate(store: StoreKind, kind: RunKind): Promise<Warehouse> {
    const runs: Record<RunKind, { date: string; daysAgo: number }[]> = {
      empty: [],
      first: [
        { date: dayBefore(3), daysAgo: 3 },
        { date: dayBefore(2), daysAgo: 2 },
      ],
      're-run': [
        { date: dayBefore(3), daysAgo: 3 },
        { date: dayBefore(2), daysAgo: 2 },
        { date: dayBefore(2), daysAgo: 2 },
      ],
      past: [
        { date: PAST_DAY, daysAgo: 3 },
        { date: dayBefore(2), daysAgo: 2 },
      ],
    }
    let of: number | null = null
    const template = await bare(store, kind, null)
    const { place, temp } = template
    for (const [index, { date, daysAgo }] of runs[kind].entries()) {
      const next = await nextValue()
      if (kind !== 'past' || index === 0) of = next
      const spec = { place, temp, databaseUrl: database.url, date, replace: true, laterMs: -daysAgo * DAY_MS }
      const { unfinished } = await runOnce({ do: 'run', ...spec })
      if (unfinished !== null) throw new Error(`making a warehouse: ${unfinished}`)
    }
    // where there is no etl.json, no run of this version has left anything
    for (const key of runs[kind].length === 0 ? [] : ORPHANS) {
      if ('bucket' in place) {
        await putObject(client, place.bucket, key, 'left')
      } else {
        await mkdir(dirname(join(place.path, key)), { recursive: true })
        await writeFile(join(place.path, key), 'left')
      }
    }
    return { ...template, value: of }
  }

  return {
    database,
    nextValue,
    async sessionsLeft() {
      for (const until = Date.now() + PATIENCE_MS; ; await pause(10)) {
        const { rows } = await database.query(SESSIONS)
        if (rows[0].n === 0 || Date.now() > until) return rows[0].n
      }
    },
    async warehouse(store, kind) {
      const name = `${store} ${kind}`
      const making = templates.get(name) ?? makeTemplate(store, kind)
      templates.set(name, making)
      const template = await making
      server.requests.length = 0
      const copy = await bare(store, kind, template.value)
      // an empty folder is not there yet
      if ('path' in template.place && 'path' in copy.place && kind !== 'empty')
        // keeps hard links: a plain copy is the same file as the part
        await promisify(execFile)('cp', ['-a', template.place.path, copy.place.path])
      if ('bucket' in template.place && 'bucket' in copy.place)
        await copyBucket(client, template.place.bucket, copy.place.bucket)
      return copy
    },
    async close() {
      client.destroy()
      await server.close()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
