import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DwhError, dayAt } from '@dwh/core'
import type { OnTableError, SelectionSettings, TableSettings } from '@dwh/pipeline'
import { type BucketSettings, bucketSettings } from './bucket-settings.ts'
import type { ConfigValues, KeepValues, ScheduleValues } from './config-schema.ts'
import {
  checked,
  type Environment,
  fromVariables,
  KEEP_VARIABLES,
  SCHEDULE_VARIABLES,
  section,
  VARIABLES,
} from './from-environment.ts'
import { type ConfigFile, readConfigFile, type UnsetVariable } from './read-config-file.ts'
import { refuseSecrets } from './refuse-secrets.ts'

/** Everything the commands need to know, from wherever it came. `source` and `schedule` throw when they are read, where the file takes them from a variable that is not set. */
export interface Config {
  /** Null: only the PG* variables, if any. */
  readonly source: string | null
  readonly storage: StorageConfig
  readonly timezone: string
  readonly parallel: number
  readonly selection: SelectionSettings
  readonly onTableError: OnTableError | undefined
  /** Absolute paths. */
  readonly temp: string
  readonly cache: string
  readonly cacheBytes: number | undefined
  /** Null: DuckDB's own place. */
  readonly extensions: string | null
  readonly memoryLimitBytes: number | undefined
  readonly lockTimeoutMs: number | undefined
  readonly onBlockedDdl: 'yield' | 'wait' | undefined
  readonly maxSnapshotAgeMs: number | undefined
  /** Which days a prune keeps; empty: none was named. */
  readonly keep: KeepValues
  /** What the scheduler is told; what it is not told has the scheduler's defaults. */
  readonly schedule: ScheduleValues
  /** The file it came from, if there was one. */
  readonly file: string | null
}

/** Where the warehouse is: a folder, by its absolute path, or a bucket. */
export type StorageConfig = { readonly path: string } | BucketSettings

/** The flags that any command may have; each wins over the environment and the file. */
export interface ConfigFlags {
  readonly config?: string
  readonly source?: string
  readonly storage?: string
  readonly timezone?: string
  readonly parallel?: string
}

/** What the surroundings say; read once, by main. */
export interface Surroundings {
  readonly env: Environment
  /** Absolute. */
  readonly cwd: string
  readonly home: string
  readonly tmp: string
  /** The URL of the proxy by which a URL is reached, or an empty text. None unless given. */
  readonly proxyFor?: (url: string) => string
}

/** Any of these is enough to know where to go. */
const LIBPQ_VARIABLES = ['PGSERVICE', 'PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGUSER', 'PGDATABASE', 'PGPASSWORD']

const DEFAULT_STORAGE = './warehouse'

/**
 * Puts the settings together: flags, then environment, then file, then defaults. An empty variable counts as none.
 * @throws DwhError CONFIG_INVALID
 */
export async function loadConfig(flags: ConfigFlags, surroundings: Surroundings): Promise<Config> {
  const { env, cwd } = surroundings
  const named = flags.config ?? (env.DWH_CONFIG || undefined)
  refuseSecrets({ config: named }, () => (flags.config === undefined ? 'DWH_CONFIG' : '--config'))
  return putTogether(await readConfigFile(named, cwd, env), flags, surroundings)
}

/** As `loadConfig`, of a file that has been read; null for none. */
export async function putTogether(
  file: ConfigFile | null,
  flags: ConfigFlags,
  { env, cwd, home, tmp, proxyFor }: Surroundings,
): Promise<Config> {
  const fromEnvironment = checked(fromVariables(VARIABLES, env), ([key]) => VARIABLES[key as keyof typeof VARIABLES])
  const fromFlags = checked(pick(flags, ['source', 'storage', 'timezone', 'parallel']), ([key]) => `--${key}`)
  const values: ConfigValues = { ...file?.values, ...fromEnvironment, ...fromFlags }

  // a path in the file is relative to the file; one from outside, to the working folder
  function path(key: 'storage' | 'temp' | 'cache' | 'extensions'): string | null {
    const outside = fromFlags[key] ?? fromEnvironment[key]
    if (outside !== undefined) return resolve(cwd, outside)
    const inside = file?.values[key]
    return file && inside !== undefined ? resolve(dirname(file.path), inside) : null
  }

  refuseSecrets({ bucket: env.S3_BUCKET }, () => 'S3_BUCKET')
  const bucket = env.S3_BUCKET ? `s3://${env.S3_BUCKET}` : undefined
  const storage = fromFlags.storage ?? fromEnvironment.storage ?? bucket ?? values.storage ?? DEFAULT_STORAGE
  checkScheme(storage)
  const config: Config = {
    source: values.source ?? null,
    storage: storage.startsWith('s3://')
      ? await bucketSettings(storage, file, { env, cwd, proxyFor })
      : { path: storage.startsWith('file://') ? fileUrlPath(storage) : (path('storage') ?? resolve(cwd, storage)) },
    timezone: checkTimeZone(values.timezone ?? 'UTC'),
    parallel: values.parallel ?? 2,
    selection: {
      ...pick(values, ['include', 'exclude', 'extract', 'verify', 'types']),
      tables: tableSettings(values.tables),
    },
    onTableError: values.on_table_error,
    temp: path('temp') ?? tmp,
    cache: path('cache') ?? join(env.XDG_CACHE_HOME || join(home, '.cache'), 'dwh'),
    cacheBytes: values.cache_size,
    extensions: path('extensions'),
    memoryLimitBytes: values.memory_limit,
    lockTimeoutMs: values.lock_timeout,
    onBlockedDdl: values.on_blocked_ddl,
    maxSnapshotAgeMs: values.max_snapshot_age,
    keep: { ...file?.values.keep, ...section('keep', KEEP_VARIABLES, env) },
    schedule: scheduleValues({ ...file?.values.schedule, ...section('schedule', SCHEDULE_VARIABLES, env) }),
    file: file?.path ?? null,
  }
  const outside = { ...fromEnvironment, ...fromFlags, schedule: fromVariables(SCHEDULE_VARIABLES, env) }
  return withhold(config, file?.unset.filter(({ path }) => !isSaid(outside, path)) ?? [])
}

function isSaid(values: object, path: UnsetVariable['path']): boolean {
  const found = path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], values)
  return typeof found === 'string'
}

/** In place of each part that is not known, its first error. */
function withhold(config: Config, unset: readonly UnsetVariable[]): Config {
  for (const { path, error } of [...unset].reverse()) {
    const get = () => {
      throw error
    }
    Object.defineProperty(config, String(path[0]), { get, enumerable: true, configurable: true })
  }
  return config
}

/**
 * Makes sure that there is a source to read.
 * @throws DwhError CONFIG_INVALID
 */
export function checkSource(config: Config, { env }: Surroundings): void {
  if (config.source !== null || LIBPQ_VARIABLES.some((name) => env[name])) return
  throw new DwhError('CONFIG_INVALID', 'no source: which Postgres should be read?', {
    hint: 'Set DATABASE_URL=postgres://user:password@host:5432/database, or the PG* variables, or source: in dwh.yaml.',
  })
}

function scheduleValues(values: ScheduleValues): ScheduleValues {
  if (values.timezone !== undefined) checkTimeZone(values.timezone)
  return values
}

/** Days are counted by Node, hours by DuckDB; both know these names. */
function checkTimeZone(name: string): string {
  dayAt(new Date(0), name)
  return name
}

function checkScheme(storage: string): void {
  // s3:/bucket is mistyped, and no folder of that name
  const [, scheme] = /^([a-z][a-z0-9+.-]+:\/\/?)/i.exec(storage) ?? []
  if (scheme === undefined || scheme === 's3://' || scheme === 'file://') return
  throw new DwhError(
    'CONFIG_INVALID',
    `storage: ${shownScheme(scheme)} is no kind of storage that this version knows`,
    {
      hint: 'Give the path of a folder, or s3://bucket/prefix.',
    },
  )
}

/** That of some other storage or server; not what may be a key, or a user before a password. */
function shownScheme(scheme: string): string {
  const name = scheme.toLowerCase()
  return /^(https?|ftp|sftp|gs|gcs|az|abfss?|wasbs?|r2|b2|hdfs|s3a?|file|postgres(ql)?|mysql|mongodb):/.test(name)
    ? scheme
    : 'that'
}

function fileUrlPath(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new DwhError('CONFIG_INVALID', `storage: ${(cause as Error).message}`, {
      cause,
      hint: 'Give the absolute path of a folder.',
    })
  }
}

function tableSettings(tables: ConfigValues['tables'] = {}): Record<string, TableSettings> {
  return Object.fromEntries(Object.entries(tables).map(([name, settings]) => [name, settings ?? {}]))
}

function pick<T extends object, K extends keyof T>(values: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(keys.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]]))) as Partial<
    Pick<T, K>
  >
}
