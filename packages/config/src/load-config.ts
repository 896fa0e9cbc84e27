import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DwhError, dayAt } from '@dwh/core'
import type { OnTableError, SelectionSettings, TableSettings } from '@dwh/pipeline'
import type { S3StoreOptions } from '@dwh/storage'
import { getProxyForUrl } from 'proxy-from-env'
import * as v from 'valibot'
import {
  type ConfigValues,
  configSchema,
  type KeepValues,
  type S3Values,
  type ScheduleValues,
} from './config-schema.ts'
import { type ConfigFile, readConfigFile } from './read-config-file.ts'

/** Everything the commands need to know, from wherever it came. */
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
export type StorageConfig =
  | { readonly path: string }
  | { readonly s3: S3StoreOptions; readonly caFile: string | undefined }

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
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. */
  readonly cwd: string
  readonly home: string
  readonly tmp: string
}

/** The environment variable for each setting that has one. */
export const VARIABLES = {
  source: 'DATABASE_URL',
  storage: 'DWH_STORAGE',
  timezone: 'DWH_TIMEZONE',
  parallel: 'DWH_PARALLEL',
  extract: 'DWH_EXTRACT',
  verify: 'DWH_VERIFY',
  on_table_error: 'DWH_ON_TABLE_ERROR',
  temp: 'DWH_TMP',
  cache: 'DWH_CACHE',
  cache_size: 'DWH_CACHE_SIZE',
  extensions: 'DWH_EXTENSIONS',
  memory_limit: 'DWH_MEMORY_LIMIT',
  lock_timeout: 'DWH_LOCK_TIMEOUT',
  on_blocked_ddl: 'DWH_ON_BLOCKED_DDL',
  max_snapshot_age: 'DWH_MAX_SNAPSHOT_AGE',
} as const

/** The environment variable for each setting of a bucket that has one; credentials are the AWS SDK's own. */
export const S3_VARIABLES = {
  endpoint: 'S3_ENDPOINT',
  region: 'S3_REGION',
  path_style: 'S3_PATH_STYLE',
  ca_file: 'S3_CA_FILE',
} as const

export const KEEP_VARIABLES = {
  daily: 'DWH_KEEP_DAILY',
  weekly: 'DWH_KEEP_WEEKLY',
  monthly: 'DWH_KEEP_MONTHLY',
  yearly: 'DWH_KEEP_YEARLY',
} as const

/** The environment variable for each setting of the scheduler. */
export const SCHEDULE_VARIABLES = {
  run: 'DWH_SCHEDULE',
  timezone: 'DWH_SCHEDULE_TIMEZONE',
  run_on_start: 'RUN_ON_START',
  catch_up: 'DWH_CATCH_UP',
  deadline: 'DWH_DEADLINE',
  retries: 'DWH_RETRIES',
  retry_delay: 'DWH_RETRY_DELAY',
  stale_after: 'DWH_STALE_AFTER',
  prune: 'DWH_PRUNE_SCHEDULE',
  verify: 'DWH_VERIFY_SCHEDULE',
  verify_sample: 'DWH_VERIFY_SAMPLE',
  webhook: 'DWH_WEBHOOK_URL',
  row_change: 'DWH_ROW_CHANGE',
  listen: 'DWH_LISTEN',
} as const

/** Any of these is enough to know where to go. */
const LIBPQ_VARIABLES = ['PGSERVICE', 'PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGUSER', 'PGDATABASE', 'PGPASSWORD']

const DEFAULT_STORAGE = './warehouse'

/**
 * Puts the settings together: flags, then environment, then file, then defaults. An empty variable counts as none.
 * @throws DwhError CONFIG_INVALID
 */
export async function loadConfig(flags: ConfigFlags, surroundings: Surroundings): Promise<Config> {
  const { env, cwd } = surroundings
  return putTogether(await readConfigFile(flags.config ?? (env.DWH_CONFIG || undefined), cwd, env), flags, surroundings)
}

/** As `loadConfig`, of a file that has been read; null for none. */
export async function putTogether(
  file: ConfigFile | null,
  flags: ConfigFlags,
  { env, cwd, home, tmp }: Surroundings,
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

  const bucket = env.S3_BUCKET ? `s3://${env.S3_BUCKET}` : undefined
  const storage = fromFlags.storage ?? fromEnvironment.storage ?? bucket ?? values.storage ?? DEFAULT_STORAGE
  checkScheme(storage)
  return {
    source: values.source ?? null,
    storage: storage.startsWith('s3://')
      ? bucketSettings(storage, await s3Values(file, env, cwd))
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

type Environment = Surroundings['env']

function fromVariables(variables: Readonly<Record<string, string>>, env: Environment): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([key, variable]) => (env[variable] ? [[key, env[variable]]] : [])),
  )
}

/** What the environment says of one section of the file. */
function section<K extends 's3' | 'keep' | 'schedule'>(
  name: K,
  variables: Readonly<Record<string, string>>,
  env: Environment,
): NonNullable<ConfigValues[K]> | undefined {
  return checked({ [name]: fromVariables(variables, env) }, ([, key]) => variables[key ?? ''] ?? name)[name]
}

function scheduleValues(values: ScheduleValues): ScheduleValues {
  if (values.timezone !== undefined) checkTimeZone(values.timezone)
  return values
}

function checked(values: Record<string, unknown>, nameOf: (path: readonly string[]) => string): ConfigValues {
  const result = v.safeParse(configSchema, values)
  if (result.success) return result.output
  const [issue] = result.issues
  const path = (issue.path ?? []).map(({ key }) => String(key))
  throw new DwhError('CONFIG_INVALID', `${nameOf(path)}: ${issue.message}`, {
    hint: 'See `dwh --help`.',
  })
}

/** Days are counted by Node, hours by DuckDB; both know these names. */
function checkTimeZone(name: string): string {
  dayAt(new Date(0), name)
  return name
}

function checkScheme(storage: string): void {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(storage) ?? []
  if (scheme === undefined || scheme === 's3' || scheme === 'file') return
  throw new DwhError('CONFIG_INVALID', `storage: ${scheme}:// is no kind of storage that this version knows`, {
    hint: 'Give the path of a folder, or s3://bucket/prefix.',
  })
}

/** Each from the environment, else from the file; the path of a file is where the setting came from. */
async function s3Values(
  file: ConfigFile | null,
  env: Surroundings['env'],
  cwd: string,
): Promise<S3Values & { readonly ca?: string }> {
  const fromEnvironment: S3Values = section('s3', S3_VARIABLES, env) ?? {}
  const values = { ...file?.values.s3, ...fromEnvironment }
  if (values.ca_file === undefined) return values
  const folder = fromEnvironment.ca_file === undefined && file ? dirname(file.path) : cwd
  const caFile = resolve(folder, values.ca_file)
  const ca = await readFile(caFile, 'utf8').catch((cause) => {
    throw new DwhError('CONFIG_INVALID', `S3_CA_FILE ${values.ca_file}: ${cause.message}`, {
      cause,
      hint: 'Give the path of a file with PEM certificates.',
    })
  })
  return { ...values, ca_file: caFile, ca }
}

function bucketSettings(url: string, values: S3Values & { readonly ca?: string }): StorageConfig {
  const [bucket = '', ...prefix] = url.slice('s3://'.length).split('/')
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = values
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new DwhError('CONFIG_INVALID', 's3: access_key_id and secret_access_key go together', {
      hint: 'Set both, or neither: then AWS_ACCESS_KEY_ID, AWS_PROFILE or the role of the machine are used.',
    })
  }
  const endpoint = values.endpoint
  return {
    caFile: values.ca_file,
    s3: {
      bucket,
      prefix: prefix.join('/'),
      endpoint,
      region: values.region,
      pathStyle: values.path_style,
      ca: values.ca,
      profile: values.profile,
      credentials:
        accessKeyId === undefined || secretAccessKey === undefined
          ? undefined
          : { accessKeyId, secretAccessKey, sessionToken },
      encryption: values.encryption && { algorithm: values.encryption, kmsKeyId: values.kms_key_id },
      partBytes: values.part_size,
      parallelParts: values.parallel_parts,
      proxy: getProxyForUrl(endpoint ?? 'https://s3.amazonaws.com') || undefined,
    },
  }
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
