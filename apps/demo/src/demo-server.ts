import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DwhError } from '@dwh/core'
import { findBinaries, type PostgresServer, startPostgresServer } from '@dwh/postgres-server'
import { type SeedOptions, seedDatabase } from '@dwh/seed'
import pg from 'pg'

/** Settings that suffice for the demo and fit on any machine. */
const SETTINGS = { max_connections: '30', shared_buffers: '64MB', timezone: 'UTC' }

const DATABASE = 'saas'

export interface DemoServer {
  readonly server: PostgresServer
  /** URL of the seeded database. */
  readonly url: string
  /** False if the data already existed. */
  readonly seeded: boolean
}

/**
 * Starts the bundled Postgres in a folder below `folder`, and seeds it unless it already holds that seed. The caller
 * stops the server.
 * @throws DwhError SOURCE_UNREACHABLE if no Postgres is bundled for this platform
 */
export async function startDemoServer(folder: string, seed: Required<SeedOptions>): Promise<DemoServer> {
  const native = findBinaries(import.meta.url)
  if (!native) {
    throw new DwhError('SOURCE_UNREACHABLE', `no Postgres is bundled for ${process.platform} ${process.arch}`, {
      hint: 'Use your own Postgres: DATABASE_URL=postgres://... dwh run',
    })
  }
  const server = await startPostgresServer({ native, folder: await serverFolder(folder), settings: SETTINGS })
  try {
    return { server, url: server.url(DATABASE), seeded: await seedOnce(server, join(folder, 'seeded'), seed) }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/**
 * Returns the folder of Postgres's files. If the demo runs as root, Postgres runs as another user, who may have no
 * access to `folder`; then the files are in /var/tmp.
 * @throws DwhError SOURCE_DENIED if that folder belongs to another user
 */
async function serverFolder(folder: string): Promise<string> {
  if (process.getuid?.() !== 0) return join(folder, 'postgres')
  const place = join('/var/tmp', `dwh-demo-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`)
  await mkdir(place, { recursive: true, mode: 0o755 })
  if ((await stat(place)).uid === 0) return place
  throw new DwhError('SOURCE_DENIED', `${place}: belongs to another user`, {
    hint: 'Remove it, or choose another --folder.',
  })
}

/** Seeds the database. Returns false if the file `mark` shows that this was done before. */
async function seedOnce(server: PostgresServer, mark: string, seed: Required<SeedOptions>): Promise<boolean> {
  const identity = await ask(server.url(), 'SELECT system_identifier::text AS id FROM pg_control_system()')
  const wanted = `${identity[0]?.id} number ${seed.number} scale ${seed.scale}\n`
  if ((await readFile(mark, 'utf8').catch(() => '')) === wanted) return false
  const [existing] = await ask(server.url(), `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`)
  if (!existing) await ask(server.url(), `CREATE DATABASE ${DATABASE}`)
  const client = new pg.Client({ connectionString: server.url(DATABASE) })
  await client.connect()
  try {
    await seedDatabase((sql) => client.query(sql), seed)
  } finally {
    await client.end()
  }
  await writeFile(mark, wanted)
  return true
}

async function ask(url: string, sql: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
