import { join, resolve } from 'node:path'
import type { OnTableError, SelectionSettings, TableSettings } from '@dwh/core'
import type { ConfigFile, UnsetVariable } from './config-file.ts'
import type {
  ConfigValues,
  KeepValues,
  S3Values,
  ScheduleValues,
  SettingFlags,
  WarehouseSettings,
} from './config-values.ts'
import { checked, type Variables } from './given-values.ts'
import { mergeSettings, withDefaults } from './merge-settings.ts'
import { readConfigFile } from './read-config-file.ts'
import { refuseSecrets } from './refuse-secrets.ts'
import { valueAt } from './settings-by-key.ts'
import { SETTINGS } from './settings-list.ts'

/**
 * Configuration of all commands. Reading `source` or `schedule` throws if the file takes it from a variable that is not
 * set.
 */
export interface Config {
  /** Null: only the `PG*` variables, if any, define the connection. */
  readonly source: string | null
  /** Where the warehouse is: the absolute path of a folder, or a URL such as `s3://bucket/prefix`. */
  readonly storage: string
  /** Settings of the bucket; `ca_file` is absolute. */
  readonly s3: S3Values
  readonly timezone: string
  readonly parallel: number
  readonly selection: SelectionSettings
  /** The age at which the proof of a table that has not changed is renewed. */
  readonly reproveMs: number
  /** How long replaced files stay; null: 24 hours. */
  readonly retainForMs: number | null
  readonly onTableError: OnTableError
  /** Absolute paths. */
  readonly temp: string
  readonly cache: string
  readonly cacheBytes: number
  /** Null: DuckDB's default folder. */
  readonly extensions: string | null
  readonly memoryLimitBytes: number | undefined
  readonly lockTimeoutMs: number
  readonly onBlockedDdl: 'yield' | 'wait'
  readonly maxSnapshotAgeMs: number
  /** Which days a prune keeps; empty if nothing is configured. */
  readonly keep: KeepValues
  /** Settings of the scheduler without defaults; `withDefaults('schedule.', schedule)` adds them. */
  readonly schedule: ScheduleValues
  /** Path of the configuration file, or null. */
  readonly file: string | null
}

/** Flags of all commands; a flag takes precedence over the environment and the file. */
export type ConfigFlags = SettingFlags & { readonly config?: string }

/** What the configuration depends on besides the file; read once, by main. */
export interface Environment {
  readonly env: Variables
  /** Absolute. */
  readonly cwd: string
  readonly home: string
  readonly tmp: string
  /** Returns the proxy URL to use for a URL, or an empty string for no proxy. Default: no proxy. */
  readonly proxyFor?: (url: string) => string
}

/**
 * Loads the configuration: flags, then environment, then file, then defaults. An empty variable counts as not set.
 * @throws DwhError CONFIG_INVALID
 */
export async function loadConfig(flags: ConfigFlags, environment: Environment): Promise<Config> {
  const { env, cwd } = environment
  const named = flags.config ?? (env.DWH_CONFIG || undefined)
  refuseSecrets({ config: named }, () => (flags.config === undefined ? 'DWH_CONFIG' : '--config'))
  return putTogether(await readConfigFile(named, cwd, env), flags, environment)
}

/**
 * As `loadConfig`, with settings that a program gives instead of a file and flags. They take precedence over the
 * environment.
 * @throws DwhError CONFIG_INVALID
 */
export async function configOf(settings: WarehouseSettings, environment: Environment): Promise<Config> {
  const values = checked(withoutUndefined(settings), (path) => path.join('.'))
  const file = { path: join(environment.cwd, 'settings'), values, unset: [] }
  const env = withoutGiven(environment.env, values)
  return { ...(await putTogether(file, {}, { ...environment, env })), file: null }
}

function withoutUndefined(settings: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

/** The environment without the variables of settings that the program gives. */
function withoutGiven(env: Variables, values: ConfigValues): Variables {
  const given = SETTINGS.filter(({ key }) => valueAt(values, key) !== undefined).map(({ variable }) => variable)
  const bucket = values.storage === undefined ? [] : ['S3_BUCKET']
  return Object.fromEntries(Object.entries(env).filter(([name]) => ![...given, ...bucket].includes(name)))
}

/** As `loadConfig`, with a file that was already read; null for no file. */
export async function putTogether(
  file: ConfigFile | null,
  flags: ConfigFlags,
  environment: Environment,
): Promise<Config> {
  const { env, cwd, home, tmp } = environment
  const { values: said, isSaidOutside } = mergeSettings(file, flags, environment)
  const values = withDefaults('', said)
  const config: Config = {
    source: values.source ?? null,
    storage: said.storage ?? resolve(cwd, values.storage),
    s3: values.s3 ?? {},
    timezone: values.timezone,
    parallel: values.parallel,
    selection: {
      // sources have their own defaults for these
      ...pick(said, ['include', 'exclude', 'extract', 'verify', 'types', 'readers', 'complete']),
      tables: tableSettings(said.tables),
    },
    reproveMs: values.reprove,
    retainForMs: values.retain ?? null,
    onTableError: values.on_table_error,
    temp: values.temp ?? tmp,
    cache: values.cache ?? join(env.XDG_CACHE_HOME || join(home, '.cache'), 'dwh'),
    cacheBytes: values.cache_size,
    extensions: values.extensions ?? null,
    memoryLimitBytes: values.memory_limit,
    lockTimeoutMs: values.lock_timeout,
    onBlockedDdl: values.on_blocked_ddl,
    maxSnapshotAgeMs: values.max_snapshot_age,
    keep: values.keep ?? {},
    schedule: values.schedule ?? {},
    file: file?.path ?? null,
  }
  return withhold(config, file?.unset.filter(({ path }) => !isSaidOutside(path)) ?? [])
}

/** Replaces each part that depends on an unset variable with a getter that throws the first error. */
function withhold(config: Config, unset: readonly UnsetVariable[]): Config {
  for (const { path, error } of [...unset].reverse()) {
    const get = () => {
      throw error
    }
    Object.defineProperty(config, String(path[0]), { get, enumerable: true, configurable: true })
  }
  return config
}

function tableSettings(tables: ConfigValues['tables'] = {}): Record<string, TableSettings> {
  return Object.fromEntries(Object.entries(tables).map(([name, settings]) => [name, settings ?? {}]))
}

function pick<T extends object, K extends keyof T>(values: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(keys.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]]))) as Partial<
    Pick<T, K>
  >
}
