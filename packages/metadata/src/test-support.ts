import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Day,
  DwhError,
  type EtlState,
  type FileEntry,
  type ObjectStore,
  parseTableName,
  partKey,
  STATE_KEY,
  type TableEntry,
  tableFileDay,
  tableFileKey,
  whereToLook,
  wrapStore,
} from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import {
  clean,
  listDays,
  type Publication,
  type Published,
  publishRun,
  putPart,
  readBase,
  readManifest,
  readMonths,
  readState,
  refreshCopies,
  type StoredState,
} from './index.ts'

export const TODAY: Day = '2026-02-18'
/** The time of every step of a test, unless it says otherwise. */
export const NOW: Date = new Date('2026-02-18T03:30:00Z')
const HOUR_MS = 60 * 60 * 1000

export function hoursLater(hours: number): Date {
  return new Date(NOW.getTime() + hours * HOUR_MS)
}

/** The id of the run number `n`, which started before `NOW`. */
export function id(n: number): string {
  return `20260218T0300${String(n).padStart(2, '0')}Z-ab`
}

let made = 0
/** Returns another id at each call. */
export function newId(): string {
  made += 1
  return `20260218T020000Z-${made.toString(16).padStart(8, '0')}`
}

export async function openFolder(): Promise<ObjectStore> {
  return localStore({ path: await temporaryFolder() })
}

export function entry(runId: string, date: Day, name: string, body: string): TableEntry {
  const sha256 = createHash('sha256').update(body).digest('hex')
  return {
    source: { name: 'default', schema: 'public', table: name },
    run_id: runId,
    date,
    mode: 'snapshot',
    snapshot: { id: '1', position: null, taken_at: NOW.toISOString() },
    files: [{ key: partKey(parseTableName(name), date, runId), rows: body.length, bytes: body.length, sha256 }],
    columns: [],
    proof: { level: 'counts', rows: body.length },
    schema_hash: 'x',
    primary_key: [],
    watermark: null,
    lossy_conversions: {},
  }
}

export interface RunOptions {
  readonly date?: Day
  readonly dropped?: readonly string[]
  readonly failed?: Publication['failed']
  readonly now?: Date
  readonly base?: StoredState
}

/** Stores and publishes a run whose tables hold the given texts. */
export async function run(
  store: ObjectStore,
  runId: string,
  tables: Readonly<Record<string, string>>,
  options: RunOptions = {},
): Promise<Published> {
  const { date = TODAY, dropped = [], failed = {}, now = NOW } = options
  const base = options.base ?? (await readBase(store, newId))
  const path = join(await temporaryFolder(), 'part')
  const entries: [string, TableEntry][] = []
  for (const [name, body] of Object.entries(tables)) {
    await writeFile(path, body)
    const made = entry(runId, date, name, body)
    await putPart(store, made.files[0]?.key ?? '', path)
    entries.push([name, made])
  }
  return publishRun(store, base, {
    runId,
    date,
    tables: Object.fromEntries(entries),
    dropped,
    failed,
    sources: { default: { kind: 'postgres', system_identifier: '7', database: 'app' } },
    startedAt: new Date(now.getTime() - 1000),
    now,
    clock: () => now,
  })
}

export async function keys(store: ObjectStore, prefix = ''): Promise<string[]> {
  const all: string[] = []
  for await (const { key } of store.list(prefix)) all.push(key)
  return all
}

export async function textOf(store: ObjectStore, key: string): Promise<string | null> {
  const found = await store.get(key)
  return found && Buffer.from(found.body).toString()
}

/** Finds the bytes of a committed file as a reader does; null if no key has them. */
export async function find(store: ObjectStore, state: EtlState, file: FileEntry | undefined): Promise<string | null> {
  for (const key of file ? whereToLook(state, file) : []) {
    const body = (await store.get(key))?.body
    if (body && createHash('sha256').update(body).digest('hex') === file?.sha256) return Buffer.from(body).toString()
  }
  return null
}

/** The texts of the current tables. */
export async function answers(store: ObjectStore, state: EtlState): Promise<Record<string, string | null>> {
  const found = await Promise.all(
    Object.entries(state.tables).map(async ([name, { files }]) => [name, await find(store, state, files[0])] as const),
  )
  return Object.fromEntries(found)
}

/** The texts of the tables of a day; null for a day without a list. */
export async function answersOf(
  store: ObjectStore,
  day: Day,
  state?: EtlState,
): Promise<Record<string, string | null> | null> {
  const now = state ?? (await readState(store)).state
  const manifest = await readManifest(store, now, day)
  return manifest && answers(store, { ...now, tables: manifest.tables })
}

/** Makes all plain copies and removes what may be removed, once all times are over. Twice: copies begin new times. */
export async function settle(store: ObjectStore, from: Date = NOW): Promise<void> {
  for (const hours of [200, 400]) {
    const now = new Date(from.getTime() + hours * HOUR_MS)
    await refreshCopies(store, { clock: () => now })
    await clean(store, { now: new Date(now.getTime() + 200 * HOUR_MS), raiseToken: false, whole: true })
    await refreshCopies(store, { clock: () => now })
  }
}

/** The objects that no list names, and the plain copies that are not as their lists say. Nothing of both in the end. */
export async function strays(store: ObjectStore): Promise<string[]> {
  const { state } = await readState(store)
  const wanted = new Map<string, string>()
  const named = new Set([STATE_KEY, ...Object.values(state.months).map(({ key }) => key)])
  for (const { days, files } of (await readMonths(store, state)).values()) {
    for (const { manifest } of Object.values(days)) named.add(manifest.key)
    for (const { key } of files) named.add(key)
  }
  for (const day of await listDays(store, state))
    for (const [name, { files }] of Object.entries((await readManifest(store, state, day))?.tables ?? {}))
      wanted.set(tableFileKey(parseTableName(name), day), files[0]?.sha256 ?? '')
  const wrong: string[] = []
  for (const key of await keys(store)) {
    const isCopy = tableFileDay(key) !== null
    if (!isCopy && !named.has(key)) wrong.push(key)
    if (isCopy && !wanted.has(key)) wrong.push(key)
  }
  for (const [key, sha256] of wanted) {
    const body = (await store.get(key))?.body ?? ''
    if (createHash('sha256').update(body).digest('hex') !== sha256) wrong.push(key)
  }
  return wrong
}

/** Returns a store whose power is cut after `requests` requests: all later ones fail; the last one was done or not. */
export function cutAfter(store: ObjectStore, requests: number, lastIsDone: boolean): ObjectStore {
  let left = requests
  const cut = () => new DwhError('STORE_UNREACHABLE', 'the power is out')
  async function request<T>(work: () => Promise<T>): Promise<T> {
    left -= 1
    if (left < 0) throw cut()
    if (left > 0) return work()
    if (lastIsDone) await work()
    throw cut()
  }
  return wrapStore(store, {
    get: (key) => request(() => store.get(key)),
    put: (key, body, condition) => request(() => store.put(key, body, condition)),
    putFile: (key, path, options) => request(() => store.putFile(key, path, options)),
    head: (key) => request(() => store.head(key)),
    copy: (from, to, isWanted) => request(() => store.copy(from, to, isWanted)),
    delete: (key) => request(() => store.delete(key)),
  })
}
