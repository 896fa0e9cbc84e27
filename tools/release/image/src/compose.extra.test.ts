import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { goProgram, type S3Store, startServer, VERSITYGW } from '@dwh/s3-stores'
import { createDatabase, freePort, startTestServer, temporaryFolder } from '@dwh/test-kit'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ROOT } from './build-image.ts'
import { type ContainerOptions, runContainer, startContainer } from './container.ts'
import { imageConfig } from './image-config.ts'
import { loadCompose, type Service } from './load-compose.ts'
import { type TestImages, testImages } from './test-images.ts'
import { testVolume } from './test-volume.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const COMPOSE = join(ROOT, 'docker/compose.yaml')
const OWN = join(ROOT, 'docker/compose.own.yaml')
const BUILD_TIMEOUT_MS = 900_000
const TEST_TIMEOUT_MS = 180_000
/** The values that a user must provide. */
const NEEDED = { DATABASE_URL: 'postgres://reader@db/app' }

describe.each([
  ['compose.yaml', COMPOSE],
  ['compose.own.yaml', OWN],
])('%s', (_, path) => {
  test('every service: no rights that it does not need', async () => {
    for (const [name, service] of Object.entries(await loadCompose(path, NEEDED))) {
      expect([name, service]).toMatchObject([
        name,
        { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      ])
      // everything persistent is in a named volume, or read-only
      for (const { type, source } of service.volumes ?? [])
        expect([name, type === 'volume' || source.startsWith(ROOT)], source).toEqual([name, true])
      for (const { host_ip } of service.ports ?? []) expect([name, host_ip]).toEqual([name, '127.0.0.1'])
    }
  })

  test('.env.example: has every variable with its default, and no other', async () => {
    const text = await readFile(path, 'utf8')
    const used = [...text.matchAll(/\$\{(\w+):([-?])([^}]*)\}/g)].map(([, name = '', kind, value = '']) => ({
      name,
      kind,
      value,
    }))
    const example = Object.fromEntries(
      (await readFile(join(ROOT, 'docker/.env.example'), 'utf8'))
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
    for (const { name, kind, value } of used)
      if (kind === '-') expect({ name, value: example[name] }).toEqual({ name, value })
    if (path !== COMPOSE) return
    expect([...new Set(used.map(({ name }) => name))].sort()).toEqual(Object.keys(example).sort())
  })
})

test('a wrong file: rejected', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'compose.yaml')
  await run('cp', [COMPOSE, file])
  await run('sed', ['-i', 's/restart: unless-stopped/restat: unless-stopped/', file])
  await expect(loadCompose(file)).rejects.toThrow(/restat/)
  await expect(loadCompose(OWN)).rejects.toThrow(/which Postgres to read/)
})

test('dependencies, restarts and profiles of the services', async () => {
  const { postgres, s3, etl, scheduler, query } = await loadCompose(COMPOSE)
  for (const service of [etl, scheduler, query])
    expect(service?.depends_on).toMatchObject({
      postgres: { condition: 'service_healthy' },
      s3: { condition: 'service_healthy' },
    })
  expect([postgres, s3, scheduler].map((service) => [service?.restart, service?.profiles])).toEqual(
    Array(3).fill(['unless-stopped', undefined]),
  )
  expect(etl).toMatchObject({ profiles: ['run'], restart: 'no', command: ['dwh', 'run'] })
  expect(query).toMatchObject({ profiles: ['query'], tty: true, stdin_open: true })
  expect(postgres?.image).toBe('postgres:17')
  // the version that the storage tests use
  expect(s3?.image).toBe(`versity/versitygw:${VERSITYGW}`)
})

describe('each service as in the file, but on loopback', () => {
  let images: TestImages
  beforeAll(async () => {
    images = await testImages()
  }, BUILD_TIMEOUT_MS)

  test(
    'compose.yaml: seeds, runs, schedules and queries',
    async () => {
      const services = await loadCompose(COMPOSE)
      const postgres = await startPostgres(services.postgres as Service)
      const s3 = await startS3(services.s3 as Service)
      const scratch = await testVolume(images.engine)
      const here = (service: Service | undefined, env: Record<string, string> = {}): ContainerOptions => ({
        image: images.plain,
        command: service?.command ?? [],
        env: { ...onLoopback(service as Service, postgres.port, s3), ...env },
        volumes: service?.volumes?.map(({ target }) => `${scratch}:${target}`),
        flags: flagsOf(service as Service),
      })

      const etl = await runContainer(images.engine, here(services.etl))
      expect(etl, etl.log).toMatchObject({ code: 0, log: expect.stringMatching(/Published .*: 3 tables, 814 rows/) })
      expect(etl.log).toMatch(/to s3:\/\/warehouse\/app/)

      const config = await imageConfig(images.engine, images.plain)
      const [port] = services.scheduler?.ports ?? []
      expect(config.Env).toContain(`DWH_LISTEN=0.0.0.0:${port?.target}`)
      expect(Object.keys(config.ExposedPorts)).toEqual([`${port?.target}/tcp`])
      const listen = `127.0.0.1:${await freePort()}`
      const scheduler = await startContainer(images.engine, here(services.scheduler, { DWH_LISTEN: listen }))
      onTestFinished(() => scheduler.remove())
      await until('the scheduler is ready', async () => (await ask(`http://${listen}/readyz`)) === 200).catch(
        async (error) => {
          throw new Error(`${error.message}\n${await scheduler.log()}`)
        },
      )
      // the image's own healthcheck, which compose uses
      expect(config.Healthcheck.Test[0]).toBe('CMD')
      expect(await scheduler.exec(config.Healthcheck.Test.slice(1))).toBe('ok')
      // etl has done the run that was due
      expect((await scheduler.log()).match(/"run ended/g)).toBeNull()
      expect(await scheduler.stop(20)).toMatchObject({ code: 0 })

      const query = here(services.query)
      const answer = await runContainer(images.engine, {
        ...query,
        input: 'SELECT count(*) AS n FROM events;\n.quit\n',
      })
      expect(answer).toMatchObject({ code: 0, log: expect.stringContaining(' 649') })
      expect(
        await runContainer(images.engine, { ...query, command: ['dwh', 'query', 'FROM orders LIMIT 1'] }),
      ).toMatchObject({
        code: 0,
      })
    },
    TEST_TIMEOUT_MS,
  )

  test(
    'compose.own.yaml: first run at once, into a volume',
    async () => {
      const folder = await temporaryFolder()
      await chmod(folder, 0o755)
      const server = await startTestServer({ folder: join(folder, 'postgres'), version: 15 })
      onTestFinished(() => server.stop())
      const database = await createDatabase(server.url())
      await database.query('CREATE TABLE t AS SELECT 1 AS n')
      const { scheduler } = await loadCompose(OWN, { DATABASE_URL: database.url })
      const volumes = await Promise.all(
        (scheduler?.volumes ?? []).map(async ({ target }) => `${await testVolume(images.engine)}:${target}`),
      )
      const listen = `127.0.0.1:${await freePort()}`
      const container = await startContainer(images.engine, {
        image: images.plain,
        env: { ...textOnly(scheduler?.environment), DWH_LISTEN: listen },
        volumes,
        flags: flagsOf(scheduler as Service),
      })
      onTestFinished(() => container.remove())
      await until('the first run', async () => (await ask(`http://${listen}/readyz`)) === 200)
      expect(await container.exec(['dwh', 'query', '--format', 'csv', 'FROM t'])).toBe('n\n1')
      expect(await container.stop(20)).toMatchObject({ code: 0 })
    },
    TEST_TIMEOUT_MS,
  )
})

/**
 * Starts a Postgres of the version in the image's tag, filled as the official image does it: psql runs the files in the
 * order of their names, with the environment of the service.
 */
async function startPostgres({ image, environment, volumes = [], healthcheck }: Service): Promise<{ port: number }> {
  expect(image).toBe('postgres:17')
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  const server = await startTestServer({ folder: join(folder, 'postgres'), version: 17 })
  onTestFinished(() => server.stop())
  const { POSTGRES_DB = '' } = textOnly(environment)
  const psql = (database: string, ...args: string[]) =>
    run('psql', ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', ...args, server.url(database)], {
      env: { PATH: process.env.PATH, ...textOnly(environment) },
    }).catch((error) => {
      throw error.code === 'ENOENT' ? new Error('psql is missing: install postgresql-client') : error
    })
  await psql('postgres', `--command=CREATE DATABASE "${POSTGRES_DB}"`)
  const files = volumes.filter(({ target }) => target.startsWith('/docker-entrypoint-initdb.d/'))
  for (const { source } of files.toSorted((a, b) => (a.target < b.target ? -1 : 1)))
    await psql(POSTGRES_DB, `--file=${source}`)
  const [, ...command] = healthcheck?.test ?? []
  await run(command[0] as string, [...command.slice(1), `--port=${server.port}`])
  return { port: server.port }
}

/** Starts the image's store with the command of the service. */
async function startS3({ command, environment, volumes = [], healthcheck }: Service): Promise<S3Store> {
  const program = await goProgram('versitygw', 'github.com/versity/versitygw/cmd/versitygw', VERSITYGW)
  const folder = await temporaryFolder()
  // a volume instead of a bucket
  for (const { target } of volumes) await mkdir(join(folder, target), { recursive: true })
  const words = command ?? []
  expect(words).toContain(':7070')
  const argsFor = (port: number) =>
    words.map((word) => (word === ':7070' ? `127.0.0.1:${port}` : word === '/data' ? join(folder, word) : word))
  const { ROOT_ACCESS_KEY = '', ROOT_SECRET_KEY = '' } = textOnly(environment)
  const credentials = { accessKeyId: ROOT_ACCESS_KEY, secretAccessKey: ROOT_SECRET_KEY }
  const s3 = await startServer(program, argsFor, textOnly(environment), credentials)
  onTestFinished(() => s3.stop())
  const health = new URL(healthcheck?.test?.at(-1) ?? '')
  expect(health.host).toBe('127.0.0.1:7070')
  expect(await ask(s3.endpoint + health.pathname)).toBe(200)
  return s3
}

/** Returns the environment of a service, with addresses on this machine instead of the names of other services. */
function onLoopback({ environment }: Service, port: number, { endpoint }: S3Store): Record<string, string> {
  const env = textOnly(environment)
  expect(env).toMatchObject({ PGHOST: 'postgres', S3_ENDPOINT: 'http://s3:7070' })
  return { ...env, PGHOST: '127.0.0.1', PGPORT: String(port), S3_ENDPOINT: endpoint }
}

/** The flags that docker compose passes to the engine. */
function flagsOf({ read_only, cap_drop = [], security_opt = [], user }: Service): string[] {
  return [
    ...(read_only ? ['--read-only'] : []),
    ...cap_drop.flatMap((name) => ['--cap-drop', name]),
    // podman of Debian 12 does not accept the flag with a value
    ...security_opt.flatMap((option) => ['--security-opt', option.replace(/:true$/, '')]),
    ...(user === undefined ? [] : ['--user', user]),
  ]
}

function textOnly(environment: Service['environment'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  )
}

/** Returns the status of an answer; 0 if there is none. */
async function ask(url: string): Promise<number> {
  return fetch(url).then(
    ({ status }) => status,
    () => 0,
  )
}
