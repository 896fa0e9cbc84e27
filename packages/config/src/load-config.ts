import { join, resolve } from 'node:path'
import type { OnTableError, SelectionSettings, TableSettings } from '@dwh/core'
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
import { type ConfigFile, readConfigFile, type UnsetVariable } from './read-config-file.ts'
import { refuseSecrets } from './refuse-secrets.ts'
import { valueAt } from './settings-by-key.ts'
import { SETTINGS } from './settings-list.ts'

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
  readonly onTableError: OnTableError
  /** Absolute paths. */
  readonly temp: string
  readonly cache: string
  readonly cacheBytes: number
  /** Null: DuckDB's own place. */
  readonly extensions: string | null
  readonly memoryLimitBytes: number | undefined
  readonly lockTimeoutMs: number
  readonly onBlockedDdl: 'yield' | 'wait'
  readonly maxSnapshotAgeMs: number
  /** Which days a prune keeps; empty: none was named. */
  readonly keep: KeepValues
  /** What the scheduler is told; `withDefaults('schedule.', schedule)` has the others. */
  readonly schedule: ScheduleValues
  /** The file it came from, if there was one. */
  readonly file: string | null
}

/** The flags that any command may have; each wins over the environment and the file. */
export type ConfigFlags = SettingFlags & { readonly config?: string }

/** What the environment say; read once, by main. */
export interface Environment {
  readonly env: Variables
  /** Absolute. */
  readonly cwd: string
  readonly home: string
  readonly tmp: string
  /** The URL of the proxy by which a URL is reached, or an empty text. None unless given. */
  readonly proxyFor?: (url: string) => string
}

/**
 * Puts the settings together: flags, then environment, then file, then defaults. An empty variable counts as none.
 * @throws DwhError CONFIG_INVALID
 */
export async function loadConfig(flags: ConfigFlags, environment: Environment): Promise<Config> {
  const { env, cwd } = environment
  const named = flags.config ?? (env.DWH_CONFIG || undefined)
  refuseSecrets({ config: named }, () => (flags.config === undefined ? 'DWH_CONFIG' : '--config'))
  return putTogether(await readConfigFile(named, cwd, env), flags, environment)
}

/**
 * As `loadConfig`, of settings that a program gives instead of a file and flags: they win over the environment, which
 * is asked for the others.
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

/** The environment, without the variables of settings that are given. */
function withoutGiven(env: Variables, values: ConfigValues): Variables {
  const given = SETTINGS.filter(({ key }) => valueAt(values, key) !== undefined).map(({ variable }) => variable)
  const bucket = values.storage === undefined ? [] : ['S3_BUCKET']
  return Object.fromEntries(Object.entries(env).filter(([name]) => ![...given, ...bucket].includes(name)))
}

/** As `loadConfig`, of a file that has been read; null for none. */
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
      // of what nobody says, each source knows its own default
      ...pick(said, ['include', 'exclude', 'extract', 'verify', 'types']),
      tables: tableSettings(said.tables),
    },
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

function tableSettings(tables: ConfigValues['tables'] = {}): Record<string, TableSettings> {
  return Object.fromEntries(Object.entries(tables).map(([name, settings]) => [name, settings ?? {}]))
}

function pick<T extends object, K extends keyof T>(values: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(keys.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]]))) as Partial<
    Pick<T, K>
  >
}
