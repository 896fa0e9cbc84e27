import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bucketObjects, checkInvariants, folderObjects, inShort, s3Client, startDwh } from '@dwh/harness'
import { startS3Server } from '@dwh/s3-server'
import { createDatabase } from '@dwh/test-kit'
import type { ReadersAnswer } from './child/look.ts'
import type { Place, ReadersSpec, StockReadersSpec } from './child/spec.ts'
import type { StoreKind } from './lab.ts'
import { startChild } from './start-child.ts'

export interface ReadersOptions {
  readonly postgresUrl: string
  readonly program: string
  readonly store: StoreKind
  readonly runs: number
}

export interface ReadersResult {
  readonly store: StoreKind
  readonly runs: number
  readonly readers: number
  readonly answers: number
  /** The highest number of different states that one process saw. */
  readonly states: number
  readonly problems: readonly string[]
}

const ROWS = 200
/** In both tables each row begins with 100. */
const SUM = 2 * ROWS * 100
/**
 * Processes with sessions of the library, and per process: readers that open a session per query, and readers that keep
 * one open.
 */
const PROCESSES = 2
const ASKERS = 6
const STAYERS = 1
/**
 * On a folder, processes with plain DuckDB, and per process: readers that make the views of `dwh views` again and
 * again, readers that keep the first ones, and readers of the plain copies.
 */
const STOCK_PROCESSES = 2
const STOCK_ASKERS = 6
const STOCK_STAYERS = 2
const GLOBS = 1
/** Readers that run `dwh query` repeatedly. */
const COMMANDS = 2

const SQL = `
  CREATE TABLE left_pocket AS SELECT i AS id, 100 AS n FROM generate_series(1, ${ROWS}) i;
  CREATE TABLE right_pocket AS TABLE left_pocket; ANALYZE`

/**
 * Lets 16 readers of the library, and on a folder as many of stock DuckDB, query while runs replace the day; the sum
 * over both tables must always be the same.
 */
export async function readersWhileRunning({
  postgresUrl,
  program,
  store,
  runs,
}: ReadersOptions): Promise<ReadersResult> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-crash-'))
  const database = await createDatabase(postgresUrl)
  const server = await startS3Server({ buckets: ['bucket'] })
  const endpoint = { endpoint: server.url, credentials: server.credential }
  const client = s3Client(endpoint)
  try {
    await database.query(SQL)
    const place: Place = store === 'local' ? { path: join(folder, 'warehouse') } : { bucket: 'bucket', ...endpoint }
    const objects = 'path' in place ? folderObjects(place.path) : bucketObjects(client, place.bucket)
    const temp = join(folder, 'tmp')
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      DWH_STORAGE: 'path' in place ? place.path : 's3://bucket',
      S3_ENDPOINT: server.url,
      AWS_ACCESS_KEY_ID: server.credential.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credential.secretAccessKey,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    }
    const run = (count: number) =>
      startChild(program, { do: 'many-runs', place, databaseUrl: database.url, temp, runs: count }, env).ended
    const problems: string[] = []
    const first = await run(1)
    if (first.code !== 0) throw new Error(`the first run: ${inShort(first)}`)

    const specs = await specsOf(place, env, folder)
    const sessions = specs.map((spec) => startChild(program, spec, env))
    await Promise.all(sessions.map(({ process }) => new Promise((resolve) => process.stdout?.once('data', resolve))))
    let over = false
    const commands = Array.from({ length: COMMANDS }, () => askByCommand(() => over, env))
    const more = await run(runs)
    over = true
    if (more.code !== 0) problems.push(`the runs: ${inShort(more)}`)
    for (const { process } of sessions) process.stdin?.end()
    const ended = await Promise.all(sessions.map((session) => session.ended))
    const found = [...(await Promise.all(commands))]
    for (const session of ended) {
      if (session.code !== 0) problems.push(`readers: ${inShort(session)}`)
      else found.push(JSON.parse(session.stdout.replace('ready\n', '')))
    }
    problems.push(...found.flatMap(({ mixed, errors }) => [...mixed, ...errors]))
    problems.push(...(await checkInvariants(objects, { clean: { temp } })))
    return {
      store,
      runs,
      readers: COMMANDS + specs.reduce((sum, spec) => sum + readersOf(spec), 0),
      answers: found.reduce((sum, { answers }) => sum + answers, 0),
      states: Math.max(...found.map(({ states }) => states)),
      problems,
    }
  } finally {
    client.destroy()
    await server.close()
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function specsOf(
  place: Place,
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<(ReadersSpec | StockReadersSpec)[]> {
  const library = Array.from({ length: PROCESSES }, (_, index) => {
    const cache = join(folder, `cache-${index}`)
    return { do: 'readers', place, askers: ASKERS, stayers: STAYERS, cache, sum: SUM } as const
  })
  // plain DuckDB reads a bucket by an extension
  if ('bucket' in place) return library
  const views = await startDwh(['views'], { env }).ended
  if (views.code !== 0) throw new Error(`dwh views: ${inShort(views)}`)
  const counts = { askers: STOCK_ASKERS, stayers: STOCK_STAYERS, globs: GLOBS, rows: ROWS, sum: SUM }
  const stock = { do: 'stock-readers', place, script: views.stdout, ...counts } as const
  return [...library, ...Array.from({ length: STOCK_PROCESSES }, () => stock)]
}

function readersOf(spec: ReadersSpec | StockReadersSpec): number {
  return spec.askers + spec.stayers + (spec.do === 'stock-readers' ? spec.globs : 0)
}

const ADD_UP = 'SELECT (SELECT sum(n) FROM left_pocket)::INTEGER AS l, (SELECT sum(n) FROM right_pocket)::INTEGER AS r'

async function askByCommand(over: () => boolean, env: Readonly<Record<string, string>>): Promise<ReadersAnswer> {
  const [mixed, errors, states]: [string[], string[], Set<string>] = [[], [], new Set()]
  let answers = 0
  while (!over()) {
    const ended = await startDwh(['query', '--format', 'csv', ADD_UP], { env }).ended
    const [, left, right] = /^l,r\n(\d+),(\d+)\n$/.exec(ended.stdout) ?? []
    if (ended.code !== 0 || left === undefined) {
      errors.push(`dwh query: ${inShort(ended)}`)
      continue
    }
    answers += 1
    states.add(left)
    if (Number(left) + Number(right) !== SUM) mixed.push(`dwh query: ${left} and ${right}`)
  }
  return { answers, mixed, errors, states: states.size }
}
