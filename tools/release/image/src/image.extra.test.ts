import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startVersitygw } from '@dwh/s3-stores'
import { seedDatabase } from '@dwh/seed'
import {
  createDatabase,
  freePort,
  startTestServer,
  temporaryFolder,
  testDatabase,
  webhookReceiver,
  withClient,
} from '@dwh/test-kit'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { baseImage } from './build-image.ts'
import { type Container, type ContainerOptions, HARDENED, runContainer, startContainer } from './container.ts'
import { imageConfig } from './image-config.ts'
import { makeBucket } from './make-bucket.ts'
import { measureImage } from './measure-image.ts'
import { type TestImages, testImages } from './test-images.ts'
import { testVolume } from './test-volume.ts'
import { until } from './until.ts'

const BUILD_TIMEOUT_MS = 900_000
/** Timeout of the test that waits for several scheduled runs. */
const LONG_TIMEOUT_MS = 240_000

let images: TestImages
beforeAll(async () => {
  images = await testImages()
}, BUILD_TIMEOUT_MS)

const volume = () => testVolume(images.engine)

async function container(options: Omit<ContainerOptions, 'image'>): Promise<Container> {
  const started = await startContainer(images.engine, { image: images.plain, ...options })
  onTestFinished(() => started.remove())
  return started
}

const ended = (options: Omit<ContainerOptions, 'image'>) =>
  runContainer(images.engine, { image: images.plain, ...options })

describe('content of the image', () => {
  test('size: at most 60 MB more than its base, compressed', async () => {
    const { engine, plain, extended } = images
    const base = await baseImage(engine)
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
    const { total, added } = await measureImage(engine, plain, base, await temporaryFolder())
    console.log(`over its base: ${megabytes(total)} compressed, in layers of ${added.map(megabytes).join(', ')}`)
    expect(total).toBeLessThanOrEqual(60_000_000)
    const more = await measureImage(engine, extended, base, await temporaryFolder())
    console.log(`with DuckDB's extensions: ${megabytes(more.total)}`)
  })

  test('user, stop signal and labels', async () => {
    const config = await imageConfig(images.engine, images.plain)
    expect(config).toMatchObject({
      User: '1000:1000',
      Cmd: ['dwh-scheduler'],
      WorkingDir: '/',
      StopSignal: 'SIGTERM',
      Healthcheck: { Test: ['CMD', 'dwh-scheduler', '--check-health'] },
      Volumes: { '/warehouse': {}, '/scratch': {} },
      Labels: {
        'org.opencontainers.image.title': 'dwh',
        'org.opencontainers.image.description': expect.stringMatching(/^The data warehouse/),
        'org.opencontainers.image.licenses': 'MIT',
        'org.opencontainers.image.version': '1.2.3',
        'org.opencontainers.image.revision': 'abc',
        'org.opencontainers.image.source': 'https://example.com/dwh',
      },
    })
    expect(config.Entrypoint ?? []).toEqual([])
  })

  test('files: two programs, the native code of one platform, and no more', async () => {
    const { log } = await ended({ command: ['find', '/app', '-type', 'f'] })
    const files = log.split('\n')
    expect(files).toContain('/app/LICENSE')
    expect(files.filter((file) => /\.(map|ts|tsx)$|\.d\.ts$/.test(file) && !file.includes('/@duckdb/'))).toEqual([])
    const packages = files.flatMap((file) => /^\/app\/node_modules\/((?:@[^/]+\/)?[^/.][^/]*)\//.exec(file)?.[1] ?? [])
    expect([...new Set(packages)].sort()).toEqual([
      '@duckdb/node-bindings',
      expect.stringMatching(/^@duckdb\/node-bindings-linux-(x64|arm64)$/),
      '@dwh/cli',
      'detect-libc',
    ])
  })
})

describe('on one machine, with a volume', () => {
  test.each([
    ['default user', []],
    ['any other user', ['--user', '4711:4711']],
  ])('run, then query in another container: %s', async (_, user) => {
    const database = await testDatabase()
    await seedDatabase((sql) => database.query(sql))
    const flags = [...HARDENED, ...user]
    const volumes = [`${await volume()}:/warehouse`]
    const env = { DATABASE_URL: database.url }
    const run = await ended({ command: ['dwh', 'run'], env, volumes, flags })
    expect(run).toMatchObject({
      code: 0,
      log: expect.stringMatching(/Published .*: 3 tables, 814 rows, .* to \/warehouse$/m),
    })
    const query = (...args: string[]) => ended({ command: ['dwh', 'query', ...args], volumes, flags })
    expect(await query('--format', 'csv', 'SELECT count(*) AS n FROM orders')).toEqual({ code: 0, log: 'n\n115' })
    expect(await query('SELECT nothing')).toMatchObject({ code: 1 })
    const who = await ended({
      command: ['sh', '-c', 'id -u; stat -c %u /warehouse/etl.json; touch /x'],
      volumes,
      flags,
    })
    expect(who.log).toMatch(new RegExp(`^(${user.length ? 4711 : 1000})\\n\\1\\ntouch: .*Read-only file system`))
    expect((await ended({ command: ['dwh', 'doctor'], env, volumes, flags })).log).not.toMatch(/^failed/m)
  })

  test('no settings: an error that names the missing one', async () => {
    const { code, log } = await ended({})
    expect({ code, log }).toMatchObject({ code: 2, log: expect.stringContaining('DATABASE_URL') })
  })
})

describe('docker stop', () => {
  /** Stops the container and expects that it ends by itself, long before it would be killed. */
  async function stopped(running: Container): Promise<number> {
    const begun = Date.now()
    const { code } = await running.stop(30)
    const seconds = (Date.now() - begun) / 1000
    expect(seconds, 'seconds to stop').toBeLessThan(10)
    return code
  }

  test('a run that waits for a table: releases the lease, and the next run succeeds', async () => {
    const database = await testDatabase('CREATE TABLE t AS SELECT 1 AS n')
    const volumes = [`${await volume()}:/warehouse`]
    const env = { DATABASE_URL: database.url, DWH_LOCK_TIMEOUT: '10m' }
    await withClient(database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE t')
      const running = await container({ command: ['dwh', 'run'], env, volumes })
      await until('the run waits', async () => {
        const { rows } = await client.query(`SELECT FROM pg_locks WHERE NOT granted`)
        return rows.length > 0
      })
      expect(await stopped(running)).toBe(1)
      await client.query('ROLLBACK')
    })
    const next = await ended({ command: ['dwh', 'run'], env, volumes })
    expect(next, next.log).toMatchObject({ code: 0 })
    expect(next.log).not.toContain('may still be in progress')
  })

  test('a query, a shell', async () => {
    const database = await testDatabase('CREATE TABLE t AS SELECT 1 AS n')
    const volumes = [`${await volume()}:/warehouse`]
    expect((await ended({ command: ['dwh', 'run'], env: { DATABASE_URL: database.url }, volumes })).code).toBe(0)
    const sql = `SELECT 'it has begun'; SELECT count(*) FROM range(100000000000) a, range(1000) b`
    const query = await container({ command: ['dwh', 'query', sql], volumes })
    await until('the query runs', async () => (await query.log()).includes('it has begun'))
    await sleep(300)
    expect(await stopped(query)).toBe(1)
    const flags = [...HARDENED, '--interactive', '--tty']
    const shell = await container({ command: ['dwh', 'shell'], volumes, flags })
    await until('the shell asks', async () => (await shell.log()).includes('dwh> '))
    expect(await stopped(shell)).toBeLessThan(2)
  })
})

test(
  'the scheduler: runs into a bucket, answers, and alerts when Postgres stops and is back',
  async () => {
    const folder = await temporaryFolder()
    // the server runs as another user
    await chmod(folder, 0o755)
    const port = await freePort()
    const start = () => startTestServer({ folder: join(folder, 'postgres'), version: 17, port })
    let postgres = await start()
    onTestFinished(() => postgres.stop())
    const database = await createDatabase(postgres.url())
    await seedDatabase((sql) => database.query(sql))
    const s3 = await startVersitygw()
    onTestFinished(() => s3.stop())
    const { accessKeyId, secretAccessKey } = s3.credentials
    await makeBucket(s3, 'warehouse')
    const hook = await webhookReceiver()
    const listen = `127.0.0.1:${await freePort()}`
    const settings = {
      DATABASE_URL: database.url,
      DWH_STORAGE: 's3://warehouse/saas',
      S3_ENDPOINT: s3.endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    }
    const scheduler = await container({
      env: {
        ...settings,
        DWH_SCHEDULE: '*/5 * * * * *',
        DWH_RETRIES: '0',
        DWH_WEBHOOK_URL: hook.url,
        DWH_LISTEN: listen,
      },
    })
    const log = () => scheduler.log()
    const get = async (path: string) => {
      const response = await fetch(`http://${listen}${path}`)
      return { status: response.status, body: await response.text() }
    }
    const history = async () => {
      const { log } = await ended({ command: ['dwh', 'history', '--json'], env: settings })
      return JSON.parse(log) as { status: string }[]
    }

    // the first run starts at once, since the warehouse has none; later ones follow the schedule
    await until('three runs', async () => ((await log()).match(/"run ended: success"/g)?.length ?? 0) >= 3).catch(
      async (error) => {
        throw new Error(`${error.message}\n${await log()}`)
      },
    )
    expect((await history()).filter(({ status }) => status === 'success').length).toBeGreaterThanOrEqual(3)
    expect(await get('/healthz')).toMatchObject({ status: 200 })
    expect(await get('/readyz')).toMatchObject({ status: 200 })
    const metrics = await get('/metrics')
    expect(metrics.status).toBe(200)
    expect(metrics.body).toMatch(/^dwh_\w+(\{[^}]*\})? [\d.e+]+$/m)
    expect(await scheduler.exec(['dwh-scheduler', '--check-health'])).toContain('ok')
    expect(hook.messages).toEqual([])

    await postgres.stop()
    await until('the failure is told', () => hook.messages.length > 0)
    expect(hook.messages[0]?.text).toContain('The run failed')
    expect((await get('/healthz')).status).toBe(200)
    postgres = await start()
    await until('the recovery is told', () => hook.messages.length > 1)
    expect(hook.messages.map(({ attachments }) => attachments[0]?.fields[0]?.value)).toEqual(['failed', 'recovered'])
    expect(JSON.stringify(hook.messages)).not.toContain(postgres.password)
    expect(await log()).not.toContain(postgres.password)
    expect(await log()).not.toContain(secretAccessKey)

    const begun = Date.now()
    const last = await scheduler.stop(30)
    expect(Date.now() - begun, 'milliseconds to stop').toBeLessThan(10_000)
    expect(last).toMatchObject({ code: 0, log: expect.stringContaining('"ended"') })
    const query = ['dwh', 'query', '--format', 'csv', 'SELECT count(*) AS n FROM customers']
    expect(await ended({ command: query, env: settings })).toEqual({ code: 0, log: 'n\n50' })
  },
  LONG_TIMEOUT_MS,
)

test("with DuckDB's extensions inside: DuckDB reads Postgres and a bucket directly", async () => {
  const { engine, extended: image } = images
  const database = await testDatabase(
    `CREATE TABLE t AS SELECT i, repeat(md5(i::text), 20) AS hash FROM generate_series(1, 40000) i; ANALYZE`,
  )
  const s3 = await startVersitygw()
  onTestFinished(() => s3.stop())
  await makeBucket(s3, 'warehouse')
  const env = {
    DATABASE_URL: database.url,
    DWH_STORAGE: 's3://warehouse',
    DWH_EXTRACT: 'native',
    DWH_CACHE_SIZE: '100kB',
    S3_ENDPOINT: s3.endpoint,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  }
  const listed = await runContainer(engine, { image, command: ['dwh', 'extensions'] })
  expect(listed.log).toMatch(/^postgres +\/opt\/dwh\/extensions\/.*\nhttpfs +\/opt\/dwh\/extensions\//m)
  const run = await runContainer(engine, { image, command: ['dwh', 'run', '--debug'], env })
  expect(run, run.log).toMatchObject({ code: 0, log: expect.stringMatching(/✓ t: 40,000 rows, .* by native/) })
  const sql = 'SELECT count(*) AS n, count(DISTINCT hash) AS hashes FROM t'
  const command = ['dwh', 'query', '--format', 'csv', sql]
  expect(await runContainer(engine, { image, command, env })).toEqual({ code: 0, log: 'n,hashes\n40000,40000' })
  // without the extensions, an error says what is missing
  expect(await runContainer(engine, { image: images.plain, command, env })).toMatchObject({
    code: 1,
    log: expect.stringContaining('httpfs'),
  })
})
