import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore } from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { bucketObjects, s3Client, type WarehouseObjects } from '@dwh/harness'
import { readState } from '@dwh/metadata'
import { openParquetWriter } from '@dwh/parquet-writer'
import { runPipeline } from '@dwh/pipeline'
import { cachedFiles, openSession, verifiedInMemory } from '@dwh/query'
import { type ScriptRule, startS3Server, TEST_CREDENTIAL } from '@dwh/s3-server'
import { s3Store } from '@dwh/storage'
import { createDatabase, type FaultProxy, startFaultProxy, type TestDatabase } from '@dwh/test-kit'

/** Short deadlines: waits of minutes take seconds here. */
export const DEADLINES: Readonly<Record<'connectSeconds' | 'heartbeatMs' | 's3ConnectMs' | 's3Attempts', number>> = {
  /** `connect_timeout` of Postgres. */
  connectSeconds: 1,
  heartbeatMs: 1_000,
  /** Connecting to the bucket. Waiting for the next byte may take six times as long. */
  s3ConnectMs: 250,
  s3Attempts: 2,
}

/** The longest duration of a request to the bucket that is never answered. */
export const S3_DEADLINE_MS: number = DEADLINES.s3ConnectMs * 6 * DEADLINES.s3Attempts

export type S3Server = Awaited<ReturnType<typeof startS3Server>>

/** A Postgres and a bucket, each behind a network that can be broken. */
export interface NetworkLab {
  readonly database: TestDatabase
  readonly server: S3Server
  readonly postgres: FaultProxy
  readonly bucket: FaultProxy
  /** The objects, read without faults. */
  objects(prefix: string): WarehouseObjects
  /** The temporary folder of all runs. */
  readonly temp: string
  /** Scripts faults of the store itself. */
  script(rule: ScriptRule): void
  /** Ends all faults. */
  heal(): void
  close(): Promise<void>
}

/** `orders` fits into one part, packet and batch; `events` never does. */
const SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, total numeric(10,2));
  INSERT INTO orders SELECT i, i * 1.5 FROM generate_series(1, 500) i;
  CREATE TABLE events (id int PRIMARY KEY, body text);
  INSERT INTO events SELECT i, encode(sha256(i::text::bytea), 'hex') || encode(sha256((-i)::text::bytea), 'hex') FROM generate_series(1, 80000) i;
  CREATE VIEW slow AS SELECT id FROM orders WHERE id > (SELECT 0 FROM (SELECT pg_catalog.pg_sleep(4)) AS s)`

export async function openNetworkLab(serverUrl: string): Promise<NetworkLab> {
  const database = await createDatabase(serverUrl)
  await database.query(SCHEMA)
  const server = await startS3Server({ buckets: ['bucket'] })
  const [source, target] = [new URL(database.url), new URL(server.url)]
  const postgres = await startFaultProxy({ host: source.hostname, port: Number(source.port) })
  const bucket = await startFaultProxy({ host: target.hostname, port: Number(target.port) })
  const client = s3Client({ endpoint: server.url, credentials: server.credential })
  const temp = await mkdtemp(join(tmpdir(), 'dwh-chaos-'))
  const rules: { release(): void; remove(): void }[] = []
  return {
    database,
    server,
    postgres,
    bucket,
    objects: (prefix) => bucketObjects(client, 'bucket', `${prefix}/`),
    temp,
    script: (rule) => void rules.push(server.script(rule)),
    heal() {
      postgres.heal()
      bucket.heal()
      for (const rule of rules.splice(0)) {
        rule.remove()
        rule.release()
      }
    },
    async close() {
      await Promise.all([postgres.close(), bucket.close()])
      client.destroy()
      await server.close()
      await database.drop()
      await rm(temp, { recursive: true })
    },
  }
}

export interface RunSettings {
  /** The folder in the bucket. */
  readonly prefix: string
  readonly date: string
  readonly signal?: AbortSignal
  readonly include?: readonly string[]
  /** Moves the clock of the run forward. Default 0. */
  readonly laterMs?: number
}

/** The address of the database behind the proxy. */
export function proxiedUrl({ database, postgres }: NetworkLab): string {
  const url = new URL(database.url)
  url.port = String(postgres.port)
  url.searchParams.set('connect_timeout', String(DEADLINES.connectSeconds))
  return url.href
}

/** The folder in the bucket behind the proxy. */
export function proxiedStore({ bucket }: NetworkLab, prefix: string): ObjectStore {
  return s3Store({
    bucket: 'bucket',
    prefix,
    endpoint: `http://127.0.0.1:${bucket.port}`,
    credentials: TEST_CREDENTIAL,
    connectTimeoutMs: DEADLINES.s3ConnectMs,
    attempts: DEADLINES.s3Attempts,
  })
}

/** Runs once, with short deadlines. */
export async function run(
  lab: NetworkLab,
  { prefix, date, signal, include = ['*'], laterMs = 0 }: RunSettings,
): Promise<void> {
  const { temp } = lab
  const writer = await openParquetWriter({ tempDirectory: temp })
  try {
    await runPipeline({
      store: proxiedStore(lab, prefix),
      sources: {
        default: {
          source: postgresSource({ connection: proxiedUrl(lab), heartbeatMs: DEADLINES.heartbeatMs }),
          extract: 'copy',
          include,
        },
      },
      writer,
      tempDirectory: temp,
      date: date as never,
      replace: true,
      // the faults are for the reading of tables
      fullRefresh: true,
      clock: () => new Date(Date.now() + laterMs),
      random: randomBytes,
      signal,
    })
  } finally {
    await writer.close()
  }
}

/** Queries through the same network, with an empty cache: returns `rows, sum of ids` of each table. */
export async function readable(lab: NetworkLab, prefix: string): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-chaos-'))
  const store = proxiedStore(lab, prefix)
  const { state } = await readState(store)
  const files = cachedFiles({ store, readState: async () => state, folder, verified: verifiedInMemory() })
  const session = await openSession({ tables: state.tables, files })
  const found: Record<string, string> = {}
  try {
    for (const name of Object.keys(state.tables)) {
      const answer = await session.queryAll(`SELECT count(*)::INT, sum(id)::VARCHAR FROM "${name}"`)
      found[name] = Object.values(answer?.rows[0] ?? {}).join(', ')
    }
    return found
  } finally {
    await session.close()
    await rm(folder, { recursive: true })
  }
}
