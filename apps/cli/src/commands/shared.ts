import { join } from 'node:path'
import { type Config, type ConfigFlags, checkSource, loadConfig } from '@dwh/config'
import {
  type Day,
  DwhError,
  type EtlState,
  manifestDay,
  type ObjectStore,
  parseDay,
  type ReadOptions,
  SNAPSHOTS_PREFIX,
  type Source,
  type TableEntry,
} from '@dwh/core'
import { type ConnectOptions, postgresSource, systemRoom } from '@dwh/extract-postgres'
import { readManifest, readState } from '@dwh/metadata'
import type { PlanOptions } from '@dwh/pipeline'
import {
  type CommittedFiles,
  cachedFiles,
  localFiles,
  openWarehouse,
  rememberingStore,
  verifiedInFolder,
  type Warehouse,
} from '@dwh/query'
import { localStore, type S3StoreOptions, s3Store } from '@dwh/storage'
import type { Command } from 'commander'
import { secretsOf } from '../output/report-error.ts'
import type { World } from '../surroundings.ts'

/** Flags that every command has. */
export interface CommonFlags extends ConfigFlags {
  readonly json?: boolean
  readonly debug?: boolean
}

/** The flags of a run and of its plan. */
export interface RunFlags extends CommonFlags {
  readonly date?: string
  readonly replace?: boolean
  readonly acceptNewSource?: boolean
  readonly tables?: string[]
}

export function addRunFlags(command: Command): Command {
  return command
    .option('--source <url>', 'the Postgres to read (DATABASE_URL is better: a command line can be seen by others)')
    .option('--tables <patterns...>', 'only these tables: orders, billing.*, "*_log"')
    .option('--date <day>', 'the day to store this as, YYYY-MM-DD (default: today)')
    .option('--replace', 'allow a past day to be replaced')
    .option('--accept-new-source', 'go on although the source is another database than before')
    .option('--parallel <number>', 'how many tables are read at once (default: 2)')
}

export interface Opened {
  readonly config: Config
  readonly store: ObjectStore
}

export interface OpenedForReading extends Opened {
  /** When what was answered so far was read, at the earliest; null where the storage itself has answered. */
  readonly rememberedAt: () => Date | null
}

/** `patience`: how long to try a bucket, where the usual is too long. */
export async function openStore(
  flags: CommonFlags,
  world: World,
  patience: Pick<S3StoreOptions, 'attempts' | 'connectTimeoutMs'> = {},
): Promise<Opened> {
  world.hide(secretsOf(flags.source ?? world.env.DATABASE_URL ?? null, world.env))
  return openStoreOf(await loadConfig(flags, world), world, patience)
}

/** The storage of a configuration. */
export function openStoreOf(
  config: Config,
  world: World,
  patience: Pick<S3StoreOptions, 'attempts' | 'connectTimeoutMs'> = {},
): Opened {
  const { storage } = config
  if ('path' in storage) return { config, store: localStore(storage) }
  const s3 = { ...storage.s3, ...patience }
  world.hide(
    [storage.s3.credentials?.secretAccessKey, world.env.AWS_SECRET_ACCESS_KEY, world.env.AWS_SESSION_TOKEN].filter(
      (text) => text !== undefined,
    ),
  )
  return { config, store: s3Store(s3) }
}

/** What planning and running share. `onNote` is told what a person should know about the source, once each. */
export async function planOptions(
  flags: RunFlags,
  world: World,
  onNote: (note: string) => void,
): Promise<Opened & { options: PlanOptions }> {
  const { config, store } = await openStore(flags, world)
  checkSource(config, world)
  const source = sourceOf(config, world, onNote)
  const options: PlanOptions = {
    store,
    sources: { default: { source, ...config.selection } },
    date: flags.date === undefined ? undefined : parseDay(flags.date),
    timeZone: config.timezone,
    only: flags.tables,
    replace: flags.replace,
    acceptNewSource: flags.acceptNewSource,
    clock: world.clock,
    signal: world.signal,
  }
  return { config, store, options }
}

/** How to reach the Postgres of the configuration, whose passwords are hidden from then on. */
export function postgresOptions(config: Config, world: World): ConnectOptions {
  world.hide(secretsOf(config.source, world.env))
  const room = { ...systemRoom(world.env), home: world.home }
  return config.source === null ? { room } : { connection: config.source, room }
}

/** The Postgres of the configuration. `onNote` is told what a person should know about it, once each. */
export function sourceOf(config: Config, world: World, onNote: (note: string) => void): Source {
  const { parallel, lockTimeoutMs, onBlockedDdl, maxSnapshotAgeMs } = config
  return postgresSource({
    ...postgresOptions(config, world),
    parallel,
    lockTimeoutMs,
    onBlockedDdl,
    maxSnapshotAgeMs,
    onNote,
  })
}

/**
 * For commands that only read: where the storage does not answer, what was read from it last, with a note on stderr.
 */
export async function openForReading(flags: CommonFlags, world: World): Promise<OpenedForReading> {
  const { config, store } = await openStore(flags, world)
  if (store.localPath) return { config, store, rememberedAt: () => null }
  let oldest: Date | null = null
  const onAway = (readAt: Date, error: Error) => {
    if (oldest === null)
      world.stderr.write(`note: ${error.message}\n  Answered as of ${readAt.toISOString()}, when it was last read.\n`)
    if (oldest === null || readAt < oldest) oldest = readAt
  }
  const at = 's3' in config.storage ? (config.storage.s3.endpoint ?? config.storage.s3.region) : undefined
  const remembering = rememberingStore({ store, at, folder: join(config.cache, 'remembered'), onAway })
  return { config, store: remembering, rememberedAt: () => oldest }
}

/** What another program calls an object: a path, or `s3://bucket/key`. */
export function locate(store: ObjectStore, key: string): string {
  return store.localPath?.(key) ?? `${store.url}/${key}`
}

/** The committed files of a warehouse, wherever they are. */
export function openFiles({ config, store }: Opened): CommittedFiles {
  const options = {
    store,
    readState: async (options: ReadOptions) => (await readState(store, options)).state,
    verified: verifiedInFolder(join(config.cache, 'verified')),
  }
  if (store.localPath) return localFiles(options)
  return cachedFiles({ ...options, folder: join(config.cache, 'files'), maxBytes: config.cacheBytes })
}

/** DuckDB over tables of the warehouse, as the configuration has it. The caller closes it. */
export function openSession(opened: Opened, tables: Snapshot['tables']): Promise<Warehouse> {
  const { config } = opened
  const { storage } = config
  return openWarehouse({
    tables,
    files: openFiles(opened),
    timeZone: config.timezone,
    memoryLimitBytes: config.memoryLimitBytes,
    tempDirectory: config.temp,
    extensionDirectory: config.extensions ?? undefined,
    httpfs: 's3' in storage ? { caFile: storage.caFile, proxy: storage.s3.proxy } : undefined,
  })
}

/** The value of --max-rows. */
export function checkMaxRows(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new DwhError('CONFIG_INVALID', `--max-rows ${text}: expected a number`, {
    hint: 'Such as --max-rows 50; 0 shows all.',
  })
}

export interface Snapshot {
  readonly state: EtlState
  readonly tables: Readonly<Record<string, TableEntry>>
}

/**
 * The tables that are current, or those of a day.
 * @throws DwhError CONFIG_INVALID where there is no warehouse yet, and for a day without one; ABORTED
 */
export async function readSnapshot(
  { store }: Opened,
  asOf: string | undefined,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { state } = await readState(store, { signal })
  if (asOf === undefined) {
    if (state.status !== 'none') return { state, tables: state.tables }
    throw new DwhError('CONFIG_INVALID', `${store.url}: no warehouse here yet`, {
      hint: 'Make one with `dwh run`, or point --storage or DWH_STORAGE at one.',
    })
  }
  const day = parseDay(asOf)
  const manifest = await readManifest(store, state, day, { signal })
  if (manifest) return { state, tables: manifest.tables }
  throw new DwhError('CONFIG_INVALID', `${day}: the warehouse has nothing of that day`, {
    hint: await nearestDays(store, day, signal),
  })
}

async function nearestDays(store: ObjectStore, day: Day, signal: AbortSignal): Promise<string> {
  const days: Day[] = []
  for await (const { key } of store.list(SNAPSHOTS_PREFIX, { signal })) {
    const found = manifestDay(key)
    if (found) days.push(found)
  }
  const before = days.filter((d) => d < day).at(-1)
  const after = days.find((d) => d > day)
  const near = [before, after].filter((d) => d !== undefined)
  return near.length > 0 ? `Days nearby: ${near.join(', ')}.` : 'It has no days yet.'
}
