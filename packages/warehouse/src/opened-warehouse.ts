import { join } from 'node:path'
import type { Config } from '@dwh/config'
import {
  type Day,
  dayAt,
  type EtlState,
  type ObjectStore,
  type ReadOptions,
  type RunRecord,
  type Source,
  type TableEntry,
  takenAtOf,
} from '@dwh/core'
import {
  type PruneReport,
  pruneWarehouse,
  type RepairReport,
  repairWarehouse,
  type VerifyReport,
  verifyWarehouse,
} from '@dwh/maintenance'
import { listDays, readRunRecords, readState } from '@dwh/metadata'
import { openParquetWriter, type ParquetWriter } from '@dwh/parquet-writer'
import {
  type PlanOptions,
  planPipeline,
  type RunPlan,
  type RunReport,
  runPipeline,
  type SourceSettings,
} from '@dwh/pipeline'
import { openSession, rememberingStore } from '@dwh/query'
import type { OpenedStorage } from './adapters/adapter.ts'
import { checkSource, isSourceGiven, sourceAdapter, sourceSecrets, whyNoSource } from './adapters/sources.ts'
import { type DayDescription, describeDays } from './describe-days.ts'
import { examine } from './doctor/examine.ts'
import type { Finding } from './doctor/finding.ts'
import type { FullEnvironment } from './environment.ts'
import { findTable } from './export/find-table.ts'
import { type TableExport, tableExport } from './export/table-export.ts'
import { measureWarehouse, type WarehouseSize } from './measure-warehouse.ts'
import { openFiles } from './open-files.ts'
import type { OpenWarehouseOptions } from './open-options.ts'
import { printViews, type ViewsScript } from './print-views.ts'
import { readTables, type TablesOf } from './read-tables.ts'
import type {
  ExportRequest,
  PlanRequest,
  PruneRequest,
  RepairRequest,
  RunRequest,
  SessionRequest,
  VerifyRequest,
  ViewsRequest,
} from './requests.ts'
import type { Warehouse, WarehouseSession } from './warehouse.ts'

interface Parts {
  readonly config: Config
  readonly environment: FullEnvironment
  readonly opened: OpenedStorage
  readonly options: OpenWarehouseOptions
}

/** Default of `UV_THREADPOOL_SIZE`; one thread has to stay free (see `ParquetWriterOptions.concurrentWrites`). */
const DEFAULT_POOL_THREADS = 4

/** A warehouse with known settings. Each method opens what it needs and closes it. */
export class OpenedWarehouse implements Warehouse {
  readonly config: Config
  readonly store: ObjectStore
  readonly policy: Warehouse['policy']
  readonly described: Warehouse['described']
  readonly #parts: Parts
  readonly #closing = new AbortController()
  readonly #work = new Set<Promise<void>>()

  constructor(parts: Parts) {
    const { config, opened, options } = parts
    this.#parts = parts
    this.config = config
    this.policy = opened.policy ?? null
    this.described = opened.described
    this.store =
      options.onAway === undefined || opened.store.localPath
        ? opened.store
        : rememberingStore({
            store: opened.store,
            at: opened.at,
            folder: join(config.cache, 'remembered'),
            onAway: options.onAway,
          })
  }

  async state(): Promise<EtlState> {
    return (await readState(this.store, { signal: this.#until() })).state
  }

  async days(): Promise<Day[]> {
    return listDays(this.store, await this.state(), { signal: this.#until() })
  }

  async describeDays(limit: number): Promise<DayDescription[]> {
    return describeDays(this.store, await this.state(), limit, this.#until())
  }

  async size(): Promise<WarehouseSize | null> {
    return measureWarehouse(this.store, await this.state(), this.#until())
  }

  tables(asOf?: string, { signal }: ReadOptions = {}): Promise<TablesOf> {
    const today = dayAt(this.#parts.environment.clock(), this.config.timezone)
    return readTables(this.store, { asOf, today, signal: this.#until(signal) })
  }

  history(limit: number): Promise<RunRecord[]> {
    return readRunRecords(this.store, limit, { signal: this.#until() })
  }

  async session({ asOf, tables }: SessionRequest = {}): Promise<WarehouseSession> {
    const { config, store } = this
    const shown = tables ? { tables, day: null, askedDay: null, takenAt: takenAtOf(tables) } : await this.tables(asOf)
    const session = await openSession({
      tables: shown.tables,
      files: openFiles(config, store),
      timeZone: config.timezone,
      memoryLimitBytes: config.memoryLimitBytes,
      tempDirectory: config.temp,
      extensionDirectory: config.extensions ?? undefined,
      httpfs: this.#parts.opened.httpfs,
    })
    const { day, askedDay, takenAt } = shown
    return Object.assign(session, { day, askedDay, takenAt })
  }

  async export({ table, asOf, signal }: ExportRequest): Promise<TableExport> {
    const { config, store } = this
    const { cwd, random } = this.#parts.environment
    const shown = await this.tables(asOf, { signal })
    const exported = tableExport(findTable(shown, table), shown.askedDay, {
      ...{ cwd, random, temp: config.temp, files: openFiles(config, store), signal: this.#until(signal) },
      withWriter: (work) => this.#openWriter(work),
    })
    return { ...exported, toFile: (path) => this.#pending(exported.toFile(path)) }
  }

  async views({ asOf, root }: ViewsRequest = {}): Promise<ViewsScript> {
    return printViews({ store: this.store, shown: await this.tables(asOf), root, s3: this.config.s3 })
  }

  async plan(request: PlanRequest = {}): Promise<RunPlan> {
    return this.#pending(planPipeline(this.#planOptions(request)))
  }

  async run({ ifLastRun, ...request }: RunRequest = {}): Promise<RunReport> {
    const { onTableError, temp: tempDirectory } = this.config
    const retainForMs = this.config.retainForMs ?? undefined
    const { random } = this.#parts.environment
    const planned = this.#planOptions(request)
    return this.#withWriter((writer) =>
      runPipeline({ ...planned, ifLastRun, onTableError, retainForMs, writer, tempDirectory, random }),
    )
  }

  async verify({ sample = 1, deep = false, signal }: VerifyRequest = {}): Promise<VerifyReport> {
    const { opened, environment } = this.#parts
    const random = () => environment.random(4).reduce((sum, byte) => (sum + byte) / 256, 0)
    const options = {
      store: opened.store,
      tempDirectory: this.config.temp,
      sample,
      random,
      signal: this.#until(signal),
    }
    return deep
      ? this.#withWriter((writer) => verifyWarehouse({ ...options, deep: writer }))
      : this.#pending(verifyWarehouse(options))
  }

  async repair({ onWait, signal }: RepairRequest = {}): Promise<RepairReport> {
    const tempDirectory = this.config.temp
    return this.#withWriter((writer) =>
      repairWarehouse({ ...this.#maintenance(signal), writer, tempDirectory, onWait }),
    )
  }

  async prune({ keep = this.config.keep, remove = false, onWait, signal }: PruneRequest = {}): Promise<PruneReport> {
    return this.#pending(pruneWarehouse({ ...this.#maintenance(signal), keep, remove, onWait }))
  }

  examine({ timeoutMs }: { readonly timeoutMs: number }): AsyncGenerator<Finding> {
    const { config, environment, opened, options } = this.#parts
    const notes: string[] = []
    const sources: Record<string, Source> = {}
    const ofSettings = this.#readsSettings()
    const noSource = ofSettings ? whyNoSource(config, environment) : null
    if (ofSettings && noSource === null) {
      options.onSecrets?.(sourceSecrets(config.source, environment.env))
      sources.default = sourceAdapter(config).open(config, environment, (note) => void notes.push(note))
    }
    for (const [name, { source }] of Object.entries(options.sources ?? {})) sources[name] = source
    const openSession = (tables: Readonly<Record<string, TableEntry>>) => this.session({ tables })
    return examine(
      { config, environment, opened, sources, notes, ofSettings, noSource, openSession },
      { signal: this.#until(), timeoutMs },
    )
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#work)
  }

  #until(own?: AbortSignal): AbortSignal {
    const signals = [this.#closing.signal, this.#parts.options.signal, own]
    return AbortSignal.any(signals.filter((signal) => signal !== undefined))
  }

  #maintenance(signal: AbortSignal | undefined) {
    const { opened, environment } = this.#parts
    return { store: opened.store, clock: environment.clock, random: environment.random, signal: this.#until(signal) }
  }

  #planOptions({ date, tables, replace, acceptNewSource, fullRefresh, signal, onEvent }: PlanRequest): PlanOptions {
    const { opened, environment } = this.#parts
    return {
      store: opened.store,
      sources: this.#sources(),
      date,
      timeZone: this.config.timezone,
      only: tables,
      replace,
      acceptNewSource,
      fullRefresh,
      reproveMs: this.config.reproveMs,
      clock: environment.clock,
      signal: this.#until(signal),
      onEvent,
    }
  }

  /** Returns the source of the settings and the sources that the program passed. */
  #sources(): Readonly<Record<string, SourceSettings>> {
    const { config, environment, options } = this.#parts
    const { sources: given, onNote = () => {} } = options
    if (given !== undefined && !this.#readsSettings()) return given
    checkSource(config, environment)
    options.onSecrets?.(sourceSecrets(config.source, environment.env))
    const source = sourceAdapter(config).open(config, environment, onNote)
    return { default: { source, ...config.selection }, ...given }
  }

  /** Whether to also read the source that the settings or the environment name. */
  #readsSettings(): boolean {
    const { config, environment, options } = this.#parts
    if (options.sources?.default !== undefined) return false
    return options.sources === undefined || isSourceGiven(config, environment)
  }

  /** Registers work that `close` waits for. */
  #pending<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => {},
      () => {},
    )
    this.#work.add(settled)
    void settled.then(() => this.#work.delete(settled))
    return work
  }

  #withWriter<T>(work: (writer: ParquetWriter) => Promise<T>): Promise<T> {
    return this.#pending(this.#openWriter(work))
  }

  async #openWriter<T>(work: (writer: ParquetWriter) => Promise<T>): Promise<T> {
    const { extensions, memoryLimitBytes, temp: tempDirectory } = this.config
    const poolThreads = Number(this.#parts.environment.env.UV_THREADPOOL_SIZE) || DEFAULT_POOL_THREADS
    const writer = await openParquetWriter({
      tempDirectory,
      concurrentWrites: Math.max(1, poolThreads - 1),
      ...(extensions === null ? {} : { extensionDirectory: extensions }),
      ...(memoryLimitBytes ? { memoryLimitBytes } : {}),
    })
    try {
      return await work(writer)
    } finally {
      await writer.close()
    }
  }
}
