import { join } from 'node:path'
import type { Config, WarehouseSettings } from '@dwh/config'
import { configOf } from '@dwh/config'
import type { Day, EtlState, ObjectStore, ReadOptions, RunRecord } from '@dwh/core'
import { readRunRecords, readState } from '@dwh/metadata'
import { openParquetWriter, type ParquetWriter } from '@dwh/parquet-writer'
import { planPipeline, type RunPlan, type RunReport, runPipeline, type SourceSettings } from '@dwh/pipeline'
import { openSession, rememberingStore, type Session, viewsSql } from '@dwh/query'
import {
  type PruneReport,
  pruneWarehouse,
  type RepairReport,
  repairWarehouse,
  type VerifyReport,
  verifyWarehouse,
} from '@dwh/upkeep'
import type { OpenedStorage, Patience } from './adapters/adapter.ts'
import { checkSource, openStorage, sourceAdapter, sourceSecrets } from './adapters/index.ts'
import { examine } from './doctor/examine.ts'
import type { Finding } from './doctor/finding.ts'
import { openFiles } from './open-files.ts'
import { listDays, readTables, type TablesOf } from './read-tables.ts'
import type { PlanRequest, PruneRequest, RepairRequest, RunRequest, SessionRequest, VerifyRequest } from './requests.ts'
import { type AllSurroundings, completeSurroundings, type WarehouseSurroundings } from './surroundings.ts'

export interface OpenWarehouseOptions extends WarehouseSurroundings {
  /** Ends whatever is under way, with ABORTED. */
  readonly signal?: AbortSignal | undefined
  /** Sources beside the one that the settings name, or in its place (`default`), by name: any `Source`, such as one made of a generator. */
  readonly sources?: Readonly<Record<string, SourceSettings>> | undefined
  /** Told what a person should know about a source, once each. */
  readonly onNote?: ((note: string) => void) | undefined
  /** Told the texts that must never be shown, such as a password, before they are used. */
  readonly onSecrets?: ((secrets: readonly string[]) => void) | undefined
  /** For who only asks: where the storage does not answer, what was read from it last is told, with when that was. Left out: that is an error. */
  readonly onAway?: ((readAt: Date, error: Error) => void) | undefined
  readonly patience?: Patience | undefined
}

/** A warehouse: tables of any day, questions, and the runs that renew it. Nothing of it is open until it is asked for. */
export interface Warehouse {
  readonly config: Config
  /** Its objects, for other programs. */
  readonly store: ObjectStore
  /** `etl.json`. */
  state(): Promise<EtlState>
  /** Every day that there is, in order. */
  days(): Promise<Day[]>
  /** The tables that are current, or those of a day, with their files. */
  tables(asOf?: string, options?: ReadOptions): Promise<TablesOf>
  /** Records of past runs, the newest first. */
  history(limit: number): Promise<RunRecord[]>
  /** DuckDB over the tables that are current, or those of a day. The caller closes it. */
  session(request?: SessionRequest): Promise<Session>
  /** The SQL that gives any DuckDB a view for each table. */
  views(asOf?: string): Promise<string>
  /** What a run would do now. */
  plan(request?: PlanRequest): Promise<RunPlan>
  /** Reads the sources and publishes, or throws and leaves everything as it was. */
  run(request?: RunRequest): Promise<RunReport>
  verify(request?: VerifyRequest): Promise<VerifyReport>
  repair(request?: RepairRequest): Promise<RepairReport>
  prune(request?: PruneRequest): Promise<PruneReport>
  /** Tries every connection and every permission that a run and a query need, in order. Each check may take so long. */
  examine(limits: { readonly timeoutMs: number }): AsyncGenerator<Finding>
  /** The least policy for the storage, where it has such a thing; null otherwise. */
  readonly policy: OpenedStorage['policy'] | null
  /** What a configuration file would say of the storage, without credentials. */
  readonly described: OpenedStorage['described']
  /** Ends what is still under way. */
  close(): Promise<void>
}

/**
 * Opens a warehouse by its settings, as `dwh.yaml` has them or as `loadConfig` gives them, or by the path or URL of its storage alone. Nothing is read or sent yet.
 *
 * @example
 * const warehouse = await openWarehouse({ source: process.env.DATABASE_URL, storage: 's3://bucket/prefix' })
 * await warehouse.run()
 * const session = await warehouse.session()
 * console.log(await session.queryAll('SELECT count(*) FROM customers'))
 * await session.close()
 * await warehouse.close()
 *
 * @throws DwhError CONFIG_INVALID
 */
export async function openWarehouse(
  settings: string | WarehouseSettings | Config,
  options: OpenWarehouseOptions = {},
): Promise<Warehouse> {
  const surroundings = completeSurroundings(options)
  const config = isConfig(settings)
    ? settings
    : await configOf(typeof settings === 'string' ? { storage: settings } : settings, surroundings)
  const opened = await openStorage(config, surroundings, options.patience)
  options.onSecrets?.(opened.secrets)
  return makeWarehouse({ config, surroundings, opened, options })
}

function isConfig(settings: string | WarehouseSettings | Config): settings is Config {
  return typeof settings === 'object' && 'selection' in settings
}

interface Parts {
  readonly config: Config
  readonly surroundings: AllSurroundings
  readonly opened: OpenedStorage
  readonly options: OpenWarehouseOptions
}

function makeWarehouse({ config, surroundings, opened, options }: Parts): Warehouse {
  const { clock, random, env } = surroundings
  const { onAway } = options
  const closing = new AbortController()
  const signal = AbortSignal.any([closing.signal, ...(options.signal ? [options.signal] : [])])
  const { store } = opened
  const readable =
    onAway === undefined || store.localPath
      ? store
      : rememberingStore({ store, folder: join(config.cache, 'remembered'), onAway })

  function sources(): Readonly<Record<string, SourceSettings>> {
    const { sources: given } = options
    if (given !== undefined && (given.default !== undefined || config.source === null)) return given
    checkSource(config, surroundings)
    options.onSecrets?.(sourceSecrets(config.source, surroundings))
    const source = sourceAdapter(config).open(config, surroundings, options.onNote ?? (() => {}))
    return { default: { source, ...config.selection }, ...given }
  }

  const planOptions = (request: PlanRequest) => ({
    store,
    sources: sources(),
    date: request.date,
    timeZone: config.timezone,
    only: request.tables,
    replace: request.replace,
    acceptNewSource: request.acceptNewSource,
    clock,
    signal,
    onEvent: request.onEvent,
  })

  async function withWriter<T>(work: (writer: ParquetWriter) => Promise<T>): Promise<T> {
    const poolThreads = Number(env.UV_THREADPOOL_SIZE) || DEFAULT_POOL_THREADS
    const writer = await openParquetWriter({
      tempDirectory: config.temp,
      concurrentWrites: Math.max(1, poolThreads - 1),
      ...(config.extensions === null ? {} : { extensionDirectory: config.extensions }),
      ...(config.memoryLimitBytes ? { memoryLimitBytes: config.memoryLimitBytes } : {}),
    })
    try {
      return await work(writer)
    } finally {
      await writer.close()
    }
  }

  const upkeep = { store, clock, random, signal }

  return {
    config,
    store: readable,
    policy: opened.policy ?? null,
    described: opened.described,
    state: async () => (await readState(readable, { signal })).state,
    days: () => listDays(readable, signal),
    tables: (asOf, { signal: own } = {}) => readTables(readable, asOf, own ? AbortSignal.any([signal, own]) : signal),
    history: (limit) => readRunRecords(readable, limit, { signal }),
    async session({ asOf, tables } = {}) {
      return openSession({
        tables: tables ?? (await readTables(readable, asOf, signal)).tables,
        files: openFiles(config, readable),
        timeZone: config.timezone,
        memoryLimitBytes: config.memoryLimitBytes,
        tempDirectory: config.temp,
        extensionDirectory: config.extensions ?? undefined,
        httpfs: opened.httpfs,
      })
    },
    async views(asOf) {
      const { tables } = await readTables(readable, asOf, signal)
      return viewsSql(tables, (key) => pathOf(readable, key))
    },
    plan: async (request = {}) => planPipeline(planOptions(request)),
    run: async ({ ifLastRun, ...request } = {}) => {
      const planned = planOptions(request)
      return withWriter((writer) =>
        runPipeline({
          ...planned,
          ifLastRun,
          onTableError: config.onTableError,
          writer,
          tempDirectory: config.temp,
          random,
        }),
      )
    },
    verify({ sample = 1, deep = false } = {}) {
      const chance = () => random(4).reduce((sum, byte) => (sum + byte) / 256, 0)
      const look = (writer?: ParquetWriter) =>
        verifyWarehouse({ store, tempDirectory: config.temp, sample, deep: writer, random: chance, signal })
      return deep ? withWriter(look) : look()
    },
    repair: ({ onWait } = {}) =>
      withWriter((writer) => repairWarehouse({ ...upkeep, writer, tempDirectory: config.temp, onWait })),
    prune: async ({ keep = config.keep, remove = false, onWait } = {}) =>
      pruneWarehouse({ ...upkeep, keep, remove, onWait }),
    examine({ timeoutMs }) {
      const notes: string[] = []
      const source = () => sourceAdapter(config).open(config, surroundings, (note) => void notes.push(note))
      return examine({ config, surroundings, opened, source, notes }, { signal, timeoutMs })
    },
    async close() {
      closing.abort()
    },
  }
}

/** `UV_THREADPOOL_SIZE` unless set; one thread has to stay free (see `ParquetWriterOptions.concurrentWrites`). */
const DEFAULT_POOL_THREADS = 4

/** What another program calls an object: a path, or `s3://bucket/key`. */
export function pathOf(store: ObjectStore, key: string): string {
  return store.localPath?.(key) ?? `${store.url}/${key}`
}
