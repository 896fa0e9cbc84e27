import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DwhError } from '@dwh/core'
import type { SelectionSettings, TableSettings } from '@dwh/pipeline'
import * as v from 'valibot'
import { type ConfigValues, configSchema } from './config-schema.ts'
import { readConfigFile } from './read-config-file.ts'

/** Everything the commands need to know, from wherever it came. */
export interface Config {
  /** Null: only the PG* variables, if any. */
  readonly source: string | null
  /** Absolute path of the warehouse's folder. */
  readonly storage: string
  readonly timezone: string
  readonly parallel: number
  readonly selection: SelectionSettings
  /** Absolute paths. */
  readonly temp: string
  readonly cache: string
  readonly memoryLimitBytes: number | undefined
  readonly lockTimeoutMs: number | undefined
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
  temp: 'DWH_TMP',
  cache: 'DWH_CACHE',
  memory_limit: 'DWH_MEMORY_LIMIT',
  lock_timeout: 'DWH_LOCK_TIMEOUT',
} as const

/** Any of these is enough for `pg` to know where to go. */
const LIBPQ_VARIABLES = ['PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE', 'PGPASSWORD']

const DEFAULT_STORAGE = './warehouse'

/**
 * Puts the settings together: flags, then environment, then file, then defaults. An empty variable counts as none.
 * @throws DwhError CONFIG_INVALID
 */
export async function loadConfig(flags: ConfigFlags, { env, cwd, home, tmp }: Surroundings): Promise<Config> {
  const file = await readConfigFile(flags.config ?? (env.DWH_CONFIG || undefined), cwd, env)
  const fromEnvironment = checked(
    Object.fromEntries(
      Object.entries(VARIABLES).flatMap(([key, variable]) => (env[variable] ? [[key, env[variable]]] : [])),
    ),
    (key) => VARIABLES[key as keyof typeof VARIABLES],
  )
  const fromFlags = checked(pick(flags, ['source', 'storage', 'timezone', 'parallel']), (key) => `--${key}`)
  const values: ConfigValues = { ...file?.values, ...fromEnvironment, ...fromFlags }

  // a path in the file is relative to the file; one from outside, to the working folder
  function path(key: 'storage' | 'temp' | 'cache', fallback: string): string {
    const outside = fromFlags[key] ?? fromEnvironment[key]
    if (outside !== undefined) return resolve(cwd, outside)
    const inside = file?.values[key]
    return file && inside !== undefined ? resolve(dirname(file.path), inside) : resolve(cwd, fallback)
  }

  const storage = values.storage ?? DEFAULT_STORAGE
  return {
    source: values.source ?? null,
    storage: storage.startsWith('file://') ? fileUrlPath(storage) : path('storage', checkFolder(storage)),
    timezone: values.timezone ?? 'UTC',
    parallel: values.parallel ?? 2,
    selection: { ...pick(values, ['include', 'exclude']), tables: tableSettings(values.tables) },
    temp: path('temp', tmp),
    cache: path('cache', join(env.XDG_CACHE_HOME || join(home, '.cache'), 'dwh')),
    memoryLimitBytes: values.memory_limit,
    lockTimeoutMs: values.lock_timeout,
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

function checked(values: Record<string, unknown>, nameOf: (key: string) => string): ConfigValues {
  const result = v.safeParse(configSchema, values)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new DwhError('CONFIG_INVALID', `${nameOf(String(issue.path?.[0]?.key))}: ${issue.message}`, {
    hint: 'See `dwh --help`.',
  })
}

function checkFolder(storage: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(storage)) return storage
  const scheme = storage.slice(0, storage.indexOf(':'))
  throw new DwhError('CONFIG_INVALID', `storage: ${scheme}:// is no kind of storage that this version knows`, {
    hint: 'Give the path of a folder.',
  })
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
