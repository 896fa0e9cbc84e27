import { DwhError } from '@dwh/core'
import * as v from 'valibot'
import { type ConfigValues, configSchema } from './config-schema.ts'
import { refuseSecrets, WITHOUT_VALUES } from './refuse-secrets.ts'

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
  encryption: 'S3_ENCRYPTION',
  kms_key_id: 'S3_KMS_KEY_ID',
  checksum: 'S3_CHECKSUM',
  anonymous: 'S3_ANONYMOUS',
  requester_pays: 'S3_REQUESTER_PAYS',
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

export type Environment = Readonly<Record<string, string | undefined>>

export function fromVariables(variables: Readonly<Record<string, string>>, env: Environment): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([key, variable]) => (env[variable] ? [[key, env[variable]]] : [])),
  )
}

/** What the environment says of one section of the file. */
export function section<K extends 's3' | 'keep' | 'schedule'>(
  name: K,
  variables: Readonly<Record<string, string>>,
  env: Environment,
): NonNullable<ConfigValues[K]> | undefined {
  return checked({ [name]: fromVariables(variables, env) }, ([, key]) => variables[key ?? ''] ?? name)[name]
}

/**
 * The values as the schema reads them; `nameOf` says what to call the one that is wrong.
 * @throws DwhError CONFIG_INVALID
 */
export function checked(values: Record<string, unknown>, nameOf: (path: readonly string[]) => string): ConfigValues {
  const result = v.safeParse(configSchema, values, WITHOUT_VALUES)
  if (result.success) {
    refuseSecrets(values, nameOf)
    return result.output
  }
  const [issue] = result.issues
  const path = (issue.path ?? []).map(({ key }) => String(key))
  throw new DwhError('CONFIG_INVALID', `${nameOf(path)}: ${issue.message}`, {
    hint: 'See `dwh --help`.',
  })
}
