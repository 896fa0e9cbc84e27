import { dirname, join, resolve } from 'node:path'
import { dayAt, type OnTableError, type SelectionSettings, type TableSettings } from '@dwh/core'
import type { ConfigValues, KeepValues, S3Values, ScheduleValues } from './config-schema.ts'
import {
  checked,
  type Environment,
  fromVariables,
  KEEP_VARIABLES,
  S3_VARIABLES,
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
  /** Where the warehouse is: the absolute path of a folder, or a URL such as `s3://bucket/prefix`. */
  readonly storage: string
  /** What is said of a bucket; `ca_file` is absolute. */
  readonly s3: S3Values
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

const DEFAULT_STORAGE = './warehouse'

/** `s3:/bucket` is mistyped, and no folder of that name. */
const URL_LIKE = /^[a-z][a-z0-9+.-]+:\//i

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

/**
 * The settings as `dwh.yaml` has them, given by a program; paths are relative to the working folder. A size is a text such as `1GiB`, a duration one such as `10s`.
 */
export type WarehouseSettings = { readonly [Key in keyof ConfigValues]?: unknown }

/**
 * As `loadConfig`, of settings that a program gives instead of a file and flags: they win over the environment, which is asked for the others.
 * @throws DwhError CONFIG_INVALID
 */
export async function configOf(settings: WarehouseSettings, surroundings: Surroundings): Promise<Config> {
  const values = checked(withoutUndefined(settings), (path) => path.join('.'))
  const file = { path: join(surroundings.cwd, 'settings'), values, unset: [] }
  const env = withoutGiven(surroundings.env, values)
  return { ...(await putTogether(file, {}, { ...surroundings, env })), file: null }
}

function withoutUndefined(settings: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

/** The environment, without the variables of settings that are given. */
function withoutGiven(env: Environment, values: ConfigValues): Environment {
  const { s3 = {}, keep = {}, schedule = {}, storage } = values
  const given = [
    ...namesOf(VARIABLES, values),
    ...namesOf(S3_VARIABLES, s3),
    ...namesOf(KEEP_VARIABLES, keep),
    ...namesOf(SCHEDULE_VARIABLES, schedule),
    ...(storage === undefined ? [] : ['S3_BUCKET']),
  ]
  return Object.fromEntries(Object.entries(env).filter(([name]) => !given.includes(name)))
}

function namesOf(variables: Readonly<Record<string, string>>, values: object): string[] {
  return Object.entries(variables).flatMap(([key, variable]) => (key in values ? [variable] : []))
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

  refuseSecrets({ bucket: env.S3_BUCKET }, () => 'S3_BUCKET')
  const bucket = env.S3_BUCKET ? `s3://${env.S3_BUCKET}` : undefined
  const storage = fromFlags.storage ?? fromEnvironment.storage ?? bucket ?? values.storage ?? DEFAULT_STORAGE
  const config: Config = {
    source: values.source ?? null,
    storage: URL_LIKE.test(storage) ? storage : (path('storage') ?? resolve(cwd, storage)),
    s3: s3Values(file, env, cwd),
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

function scheduleValues(values: ScheduleValues): ScheduleValues {
  if (values.timezone !== undefined) checkTimeZone(values.timezone)
  return values
}

/** Days are counted by Node, hours by DuckDB; both know these names. */
function checkTimeZone(name: string): string {
  dayAt(new Date(0), name)
  return name
}

/** Of a file or the environment; the path of a file is where the setting came from. */
function s3Values(file: ConfigFile | null, env: Environment, cwd: string): S3Values {
  const fromEnvironment: S3Values = section('s3', S3_VARIABLES, env) ?? {}
  const values = { ...file?.values.s3, ...fromEnvironment }
  if (values.ca_file === undefined) return values
  const folder = fromEnvironment.ca_file === undefined && file ? dirname(file.path) : cwd
  return { ...values, ca_file: resolve(folder, values.ca_file) }
}

function tableSettings(tables: ConfigValues['tables'] = {}): Record<string, TableSettings> {
  return Object.fromEntries(Object.entries(tables).map(([name, settings]) => [name, settings ?? {}]))
}

function pick<T extends object, K extends keyof T>(values: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(keys.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]]))) as Partial<
    Pick<T, K>
  >
}
