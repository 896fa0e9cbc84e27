import type { Config } from '@dwh/config'
import { type EtlState, type FileEntry, formatBytes, type ObjectStore, plural, type TableEntry } from '@dwh/core'
import { readState } from '@dwh/metadata'
import { listExtensions, type Session } from '@dwh/query'
import { openFiles } from '../open-files.ts'
import { attempt, type Finding, type Limits, type Outcome, ok, skip, warning } from './finding.ts'

export interface QueryCheckOptions {
  readonly config: Config
  readonly store: ObjectStore
  /** Whether the storage can be read. */
  readonly reachable: boolean
  /** Opens a DuckDB session over tables, as a query does. */
  readonly openSession: (tables: Readonly<Record<string, TableEntry>>) => Promise<Session>
}

/** Checks what a query needs: sound files, DuckDB with its settings, and extensions where they are needed. */
export async function* checkQueries(options: QueryCheckOptions, limits: Limits): AsyncGenerator<Finding> {
  const { config, store } = options
  const read = options.reachable
    ? await attempt(limits, async (signal) => (await readState(store, { signal })).state)
    : null
  const state = read && 'value' in read ? read.value : null
  if (state === null) yield* skip(read === null ? 'storage.list' : 'warehouse', 'query.files')
  else yield { id: 'query.files', ...(await filesOutcome(state, options, limits)) }
  const started = await attempt(limits, () => duckdbOutcome(options))
  yield { id: 'query.duckdb', ...('value' in started ? started.value : started.failure) }
  const listed = await attempt(limits, () => listExtensions({ directory: config.extensions }))
  const outcome = 'value' in listed ? extensionsOutcome(listed.value, state, options) : listed.failure
  yield { id: 'query.extensions', ...outcome }
}

/** Number of files that are read completely: the smallest, so that a check stays quick. */
const SAMPLE = 5

async function filesOutcome({ tables }: EtlState, options: QueryCheckOptions, limits: Limits): Promise<Outcome> {
  const all = Object.values(tables).flatMap(({ files }) => files)
  if (all.length === 0) return ok('none yet')
  const sample = [...all].sort((a, b) => a.bytes - b.bytes).slice(0, SAMPLE)
  const files = openFiles(options.config, options.store)
  const tried = await attempt(limits, async (signal) => {
    for (const file of sample) await (await files.open(file, signal)).close()
  })
  if ('failure' in tried) return tried.failure
  return ok(`${sample.length} of ${plural(all.length, 'file')} read: as published`)
}

async function duckdbOutcome({ config, openSession }: QueryCheckOptions): Promise<Outcome> {
  const session = await openSession({})
  try {
    const sql = `SELECT version() AS version, current_setting('memory_limit') AS memory, current_setting('TimeZone') AS zone`
    const [row] = (await session.queryAll(sql))?.rows ?? []
    const facts = [`at most ${row?.memory} of memory`, `temporary files in ${config.temp}`, `time zone ${row?.zone}`]
    return ok(`DuckDB ${row?.version}: ${facts.join(', ')}`)
  } finally {
    await session.close()
  }
}

type Extensions = Awaited<ReturnType<typeof listExtensions>>

/** Without `httpfs`, a file of a bucket that is larger than the cache cannot be read. */
function extensionsOutcome(found: Extensions, state: EtlState | null, { config, store }: QueryCheckOptions): Outcome {
  const said = found.map(({ name, installed }) => `${name} ${installed ? 'installed' : 'not installed'}`).join(', ')
  const large = largest(state)
  const missing = !store.localPath && found.some(({ name, installed }) => name === 'httpfs' && !installed)
  if (!missing || large === null || large.bytes <= config.cacheBytes) return ok(said)
  return warning(
    `${said}: ${large.key} (${formatBytes(large.bytes)}) is larger than the cache (${formatBytes(config.cacheBytes)})`,
    'Install it with dwh extensions add httpfs, or raise cache_size (DWH_CACHE_SIZE).',
  )
}

function largest(state: EtlState | null): FileEntry | null {
  const files = Object.values(state?.tables ?? {}).flatMap((table) => table.files)
  return files.reduce<FileEntry | null>((most, file) => (most === null || file.bytes > most.bytes ? file : most), null)
}
