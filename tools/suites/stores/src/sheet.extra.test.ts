import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { honoursConditions, type ObjectStore } from '@dwh/core'
import { startS3Server } from '@dwh/s3-server'
import { type Certificate, startMinio, startVersitygw } from '@dwh/s3-stores'
import { localStore, s3Store } from '@dwh/storage'
import { suiteCount, temporaryFolder } from '@dwh/test-kit'
import { expect, test, vi } from 'vitest'
import { makeCertificate } from './certificate.ts'
import { resolveLocalhost } from './resolve-localhost.ts'

/*
 * Tests what each store supports, for the table of docs/storage.md. A server that does not start fails the test.
 * `DOCS=write` updates the table.
 */

const PAGE = new URL('../../../../docs/storage.md', import.meta.url)
const BLOCK = /(<!-- what each store does; made by `pnpm suite stores-sheet` -->\n\n)[\s\S]*?(\n\n<!-- end -->)/
const MIB = 1024 * 1024
const BUCKET = 'house'

interface Place {
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly certificate?: Certificate | undefined
  readonly pathStyle: boolean
  stop(): Promise<void>
}

const PLACES: readonly (readonly [name: string, start: () => Promise<Place>])[] = [
  ['versitygw 1.8.0, path style', async () => ({ ...(await startVersitygw()), pathStyle: true })],
  ['MinIO 2026-02-12, path style', async () => ({ ...(await startMinio()), pathStyle: true })],
  ['MinIO 2026-02-12, the bucket in the host', async () => ({ ...(await startMinio()), pathStyle: false })],
  [
    'MinIO 2026-02-12, TLS by a private authority',
    async () => {
      const certificate = await makeCertificate()
      return { ...(await startMinio(certificate)), certificate, pathStyle: true }
    },
  ],
  [
    'a server that ignores conditions (ours, for tests)',
    async () => {
      const server = await startS3Server()
      server.script({ when: () => true, do: 'ignore-conditions' })
      return { endpoint: server.url, credentials: server.credential, pathStyle: true, stop: () => server.close() }
    },
  ],
]

interface Deed {
  readonly title: string
  /** Whether the store supports it. Throws on unexpected errors. */
  readonly done: (store: ObjectStore, place: Place | null) => Promise<boolean>
}

const DEEDS: readonly Deed[] = [
  { title: 'whole writes', done: writesWhole },
  { title: 'conditional writes', done: honoursConditions },
  { title: 'of 50 writers, one wins', done: oneOfFiftyWins },
  { title: 'copies keep the hash', done: copiesKeepTheHash },
  { title: 'an aborted upload leaves nothing', done: abortedLeavesNothing },
]

test('docs/storage.md: its table matches what the stores support', async () => {
  resolveLocalhost()
  // the last ones need no build
  const others = suiteCount('stores-sheet') - 1

  const rows = [
    ['a local folder', ...(await tried(localStore({ path: join(await temporaryFolder(), 'house') }), null))],
  ]
  for (const [name, start] of PLACES.slice(PLACES.length - others)) {
    const place = await start()
    try {
      await makeBucket(place)
      const { endpoint, credentials, pathStyle, certificate } = place
      const ca = certificate?.authority
      rows.push([
        name,
        ...(await tried(s3Store({ bucket: BUCKET, prefix: 'a', endpoint, credentials, pathStyle, ca }), place)),
      ])
    } finally {
      await place.stop()
    }
  }
  const table = markdown([['store', ...DEEDS.map(({ title }) => title)], ...rows])
  process.stdout.write(`\n${table}\n`)
  const page = await readFile(PAGE, 'utf8')
  expect(page).toMatch(BLOCK)
  if (others < PLACES.length) {
    expect(cellsOf(page)).toEqual(expect.arrayContaining(cellsOf(table)))
    return
  }
  const written = page.replace(BLOCK, (_, before, after) => `${before}${table}${after}`)
  if (process.env.DOCS === 'write') await writeFile(PAGE, written)
  expect(written).toBe(process.env.DOCS === 'write' ? written : page)
}, 900_000)

async function tried(store: ObjectStore, place: Place | null): Promise<string[]> {
  const cells: string[] = []
  for (const { done } of DEEDS) cells.push((await done(store, place)) ? 'yes' : 'no')
  return cells
}

async function writesWhole(store: ObjectStore): Promise<boolean> {
  const bodies = [randomBytes(100_000), randomBytes(100_001)] as const
  for (const body of [bodies[0], bodies[1], bodies[0]]) {
    await store.put('whole', body)
    if (Buffer.compare((await store.get('whole'))?.body ?? Buffer.alloc(0), body) !== 0) return false
  }
  return true
}

async function oneOfFiftyWins(store: ObjectStore): Promise<boolean> {
  for (let round = 0; round < 3; round += 1) {
    const writers = Array.from({ length: 50 }, (_, i) =>
      store.put(`race-${round}`, Buffer.from([i]), { ifAbsent: true }),
    )
    const won = (await Promise.allSettled(writers)).filter(({ status }) => status === 'fulfilled')
    if (won.length !== 1) return false
  }
  return true
}

async function copiesKeepTheHash(store: ObjectStore): Promise<boolean> {
  const { sha256 } = await store.put('from', randomBytes(1000))
  await store.copy('from', 'to')
  const copy = await store.head('to')
  return copy !== null && (copy.sha256 === sha256 || copy.sha256 === null)
}

async function abortedLeavesNothing(store: ObjectStore, place: Place | null): Promise<boolean> {
  const path = join(await temporaryFolder(), 'large')
  await writeFile(path, randomBytes(64 * MIB))
  const controller = new AbortController()
  const upload = store.putFile('large', path, { signal: controller.signal }).then(
    () => 'done',
    () => 'stopped',
  )
  if (place) await vi.waitUntil(() => uploads(place).then((count) => count > 0), { timeout: 30_000, interval: 5 })
  controller.abort()
  if ((await upload) !== 'stopped') throw new Error('the upload ended before it could be stopped')
  return (await store.head('large')) === null && (place === null || (await uploads(place)) === 0)
}

/** Multipart uploads in progress. MinIO lists those of one key only. */
function uploads(place: Place): Promise<number> {
  const input = { Bucket: BUCKET, Prefix: 'a/large' }
  return withClient(place, async (client) => {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand(input))
    return Uploads.length
  })
}

function makeBucket(place: Place): Promise<unknown> {
  return withClient(place, (client) => client.send(new CreateBucketCommand({ Bucket: BUCKET })))
}

async function withClient<T>(
  { endpoint, credentials, certificate }: Place,
  work: (client: S3Client) => Promise<T>,
): Promise<T> {
  const httpsAgent = new Agent(certificate ? { ca: certificate.authority } : {})
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials,
    forcePathStyle: true,
    requestHandler: { httpsAgent },
  })
  return work(client).finally(() => client.destroy())
}

/** Returns the rows of the tables in a text, whatever the width of their columns. */
function cellsOf(text: string): string[] {
  const rows = text.split('\n').filter((line) => /^\| [^-]/.test(line))
  return rows.map((line) => line.replaceAll(/ +\|/g, ' |'))
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const [head = [], ...rest] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n')
}
