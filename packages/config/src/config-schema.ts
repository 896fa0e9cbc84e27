import {
  type ExtractSetting,
  type OnTableError,
  type ProofLevel,
  STORE_AS,
  type StoreAs,
  type TableSettings,
} from '@dwh/core'
import * as v from 'valibot'
import { count, duration, flag, parallel, share, size } from './setting-values.ts'

const list = v.array(v.string())
const name = v.pipe(v.string(), v.nonEmpty('expected a name'))

/** A key that may be left out. The description is what editors show, from the JSON Schema that is made of this (`dwh.schema.json`). */
const setting = <S extends v.GenericSchema>(schema: S, description: string) =>
  v.optional(v.pipe(schema, v.description(description)))

const verify = v.picklist(['counts', 'columns', 'deep'])
const extract = v.picklist(['auto', 'rows', 'copy', 'native'])
const storeAs = v.union(
  [
    v.picklist(STORE_AS),
    v.pipe(
      v.strictObject({ encoding: name }),
      v.transform(({ encoding }): StoreAs => `encoding:${encoding}`),
    ),
  ],
  `expected ${STORE_AS.join(', ')}, or { encoding: ... }`,
)
const onTableError = v.picklist(['fail', 'keep-previous'])
const onBlockedDdl = v.picklist(['yield', 'wait'])

const columnSettings = v.strictObject({
  exclude: setting(list, 'Columns to leave out, by their names in Postgres.'),
  rename: setting(v.record(v.string(), name), 'From the name in Postgres to the name in the warehouse.'),
  types: setting(
    v.record(v.string(), storeAs),
    'How single columns are stored: text, iso8601, double, or-null, bytes, or { encoding: windows-1252 }.',
  ),
})

const tableSettings = v.strictObject({
  exclude: setting(v.boolean(), 'true: leave the table out.'),
  name: setting(name, 'Its name in the warehouse, such as clients or sales.clients.'),
  columns: setting(columnSettings, 'Columns to leave out, to rename, or to store in another way.'),
  extract: setting(extract, 'How this table is read.'),
  verify: setting(verify, 'How much of this table is compared with Postgres after it was written.'),
  where: setting(
    name,
    "A condition in Postgres's SQL; the other rows are left out. Names outside pg_catalog need their schema.",
  ),
})

const s3Settings = v.strictObject({
  endpoint: setting(name, 'https://host:port of a server that is not AWS. S3_ENDPOINT'),
  region: setting(name, 'The region of the bucket. S3_REGION'),
  path_style: setting(
    flag,
    'The bucket in the path instead of the host name. S3_PATH_STYLE. Default: true with an endpoint.',
  ),
  ca_file: setting(name, 'A file with the PEM certificates of a private authority. S3_CA_FILE'),
  profile: setting(name, 'A profile of ~/.aws. AWS_PROFILE'),
  access_key_id: setting(name, 'Better in AWS_ACCESS_KEY_ID.'),
  secret_access_key: setting(name, 'Better in AWS_SECRET_ACCESS_KEY.'),
  session_token: setting(name, 'Better in AWS_SESSION_TOKEN.'),
  encryption: setting(
    v.picklist(['AES256', 'aws:kms', 'aws:kms:dsse']),
    'Server-side encryption to ask for. S3_ENCRYPTION',
  ),
  kms_key_id: setting(name, 'The key of KMS to encrypt with. S3_KMS_KEY_ID'),
  checksum: setting(
    v.picklist(['when-required', 'always']),
    'Whether each write carries a checksum, as buckets with Object Lock demand. S3_CHECKSUM. Default: at AWS as the SDK does it, elsewhere when-required.',
  ),
  anonymous: setting(
    flag,
    'Read a public bucket without credentials; nothing can be written. S3_ANONYMOUS. Default: false.',
  ),
  requester_pays: setting(
    flag,
    'Agree to pay for requests to a bucket of somebody else. S3_REQUESTER_PAYS. Default: false.',
  ),
  part_size: setting(size, 'Of an upload in parts, from 5 MiB. Default: 8MiB.'),
  parallel_parts: setting(parallel, 'Parts of one file on their way at once. Default: 4.'),
})

const keepSettings = v.strictObject({
  daily: setting(count, 'The last so many days. DWH_KEEP_DAILY'),
  weekly: setting(count, 'The last day of each of the last so many weeks. DWH_KEEP_WEEKLY'),
  monthly: setting(count, 'The last day of each of the last so many months. DWH_KEEP_MONTHLY'),
  yearly: setting(count, 'The last day of each of the last so many years. DWH_KEEP_YEARLY'),
})

const scheduleSettings = v.strictObject({
  run: setting(name, 'When to run, as a cron expression; off: never. DWH_SCHEDULE. Default: 0 3 * * *.'),
  timezone: setting(name, 'The time zone of the cron expressions. DWH_SCHEDULE_TIMEZONE. Default: timezone.'),
  run_on_start: setting(flag, 'Also run whenever the scheduler starts. RUN_ON_START. Default: false.'),
  catch_up: setting(flag, 'Make up at the start for a run that was missed. DWH_CATCH_UP. Default: true.'),
  deadline: setting(duration, 'How long a job may take. DWH_DEADLINE. Default: 12h.'),
  retries: setting(count, 'How often a run that failed is tried again. DWH_RETRIES. Default: 5.'),
  retry_delay: setting(
    duration,
    'Before the first retry; twice as long before each other. DWH_RETRY_DELAY. Default: 1m.',
  ),
  stale_after: setting(
    duration,
    'How long after a scheduled time the warehouse may still be as before. DWH_STALE_AFTER. Default: 3h.',
  ),
  prune: setting(
    name,
    'When to remove old days, where keep says which; off: never. DWH_PRUNE_SCHEDULE. Default: 0 4 * * *.',
  ),
  verify: setting(name, 'When to verify the warehouse; off: never. DWH_VERIFY_SCHEDULE. Default: 0 5 * * 0.'),
  verify_sample: setting(share, 'The share of the files that is read whole then. DWH_VERIFY_SAMPLE. Default: 5%.'),
  webhook: setting(
    v.string(),
    'Where alerts are sent, as Slack understands them; off or empty: nowhere. Better in DWH_WEBHOOK_URL.',
  ),
  row_change: setting(
    share,
    'By how much the rows of a table may change from run to run before it is said. DWH_ROW_CHANGE. Default: 50%.',
  ),
  listen: setting(
    name,
    'Address and port of /healthz, /readyz and /metrics; off: none. DWH_LISTEN. Default: 127.0.0.1:8080.',
  ),
})

const config = v.strictObject({
  source: setting(name, 'The Postgres to read, as a URL. DATABASE_URL. Default: the PG* variables.'),
  storage: setting(name, 'The warehouse: a folder, or s3://bucket/prefix. DWH_STORAGE. Default: ./warehouse.'),
  s3: setting(s3Settings, 'Where a bucket is and how to get in.'),
  timezone: setting(name, 'An IANA name: whose midnight ends a day. DWH_TIMEZONE. Default: UTC.'),
  parallel: setting(parallel, 'Tables read at once. DWH_PARALLEL. Default: 2.'),
  include: setting(list, 'Patterns of tables to read, such as orders, "billing.*". Default: ["*"].'),
  exclude: setting(list, 'Patterns of tables to leave out; wins over include.'),
  extract: setting(extract, 'How tables are read: auto takes the fastest way that works. DWH_EXTRACT. Default: auto.'),
  verify: setting(
    verify,
    'How much is compared with Postgres after a table was written. DWH_VERIFY. Default: columns.',
  ),
  types: setting(
    v.record(v.string(), storeAs),
    'How every column of a Postgres type is stored: text, iso8601, double, or-null, bytes, or { encoding: windows-1252 }.',
  ),
  tables: setting(v.record(name, v.nullable(tableSettings)), 'Settings of single tables, by their names in Postgres.'),
  on_table_error: setting(
    onTableError,
    'When a table fails: publish nothing, or publish the others and keep it as it was before. DWH_ON_TABLE_ERROR. Default: fail.',
  ),
  temp: setting(
    name,
    "Where files are made before they enter the warehouse. DWH_TMP. Default: the system's temporary folder.",
  ),
  cache: setting(name, 'What is kept between queries. DWH_CACHE. Default: ~/.cache/dwh.'),
  cache_size: setting(size, 'The most that is kept of a bucket. DWH_CACHE_SIZE. Default: 10GiB.'),
  extensions: setting(name, 'Where DuckDB finds its extensions. DWH_EXTENSIONS. Default: ~/.duckdb/extensions.'),
  memory_limit: setting(
    size,
    'What DuckDB may hold. DWH_MEMORY_LIMIT. Default: 1GiB for a run, 80 % of the machine for a query.',
  ),
  lock_timeout: setting(duration, 'How long to wait for a table that is locked. DWH_LOCK_TIMEOUT. Default: 10s.'),
  on_blocked_ddl: setting(
    onBlockedDdl,
    'When an ALTER TABLE or the like waits for a table that is being read: make way, or let it wait. DWH_ON_BLOCKED_DDL. Default: yield.',
  ),
  max_snapshot_age: setting(
    duration,
    'How long the snapshot may be open, since it holds back vacuum; 0s: no limit. DWH_MAX_SNAPSHOT_AGE. Default: 12h.',
  ),
  keep: setting(keepSettings, 'Which days dwh prune keeps.'),
  schedule: setting(scheduleSettings, 'What the scheduler does, and when.'),
})

/** What `dwh.yaml` may say of a bucket. */
export interface S3Values {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly path_style?: boolean | undefined
  readonly ca_file?: string | undefined
  readonly profile?: string | undefined
  readonly access_key_id?: string | undefined
  readonly secret_access_key?: string | undefined
  readonly session_token?: string | undefined
  readonly encryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse' | undefined
  readonly kms_key_id?: string | undefined
  readonly checksum?: 'when-required' | 'always' | undefined
  readonly anonymous?: boolean | undefined
  readonly requester_pays?: boolean | undefined
  readonly part_size?: number | undefined
  readonly parallel_parts?: number | undefined
}

/** Which days stay, by the last so many that have one. */
export interface KeepValues {
  readonly daily?: number | undefined
  readonly weekly?: number | undefined
  readonly monthly?: number | undefined
  readonly yearly?: number | undefined
}

/** What `dwh.yaml` may say to the scheduler: durations in milliseconds, shares of 1. */
export interface ScheduleValues {
  readonly run?: string | undefined
  readonly timezone?: string | undefined
  readonly run_on_start?: boolean | undefined
  readonly catch_up?: boolean | undefined
  readonly deadline?: number | undefined
  readonly retries?: number | undefined
  readonly retry_delay?: number | undefined
  readonly stale_after?: number | undefined
  readonly prune?: string | undefined
  readonly verify?: string | undefined
  readonly verify_sample?: number | undefined
  readonly webhook?: string | undefined
  readonly row_change?: number | undefined
  readonly listen?: string | undefined
}

/** What `dwh.yaml` may say, as it is after reading: sizes in bytes, durations in milliseconds. */
export interface ConfigValues {
  readonly source?: string | undefined
  readonly storage?: string | undefined
  readonly s3?: S3Values | undefined
  readonly timezone?: string | undefined
  readonly parallel?: number | undefined
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly extract?: ExtractSetting | undefined
  readonly verify?: ProofLevel | undefined
  readonly types?: Readonly<Record<string, StoreAs>> | undefined
  readonly tables?: Readonly<Record<string, TableSettings | null>> | undefined
  readonly on_table_error?: OnTableError | undefined
  readonly temp?: string | undefined
  readonly cache?: string | undefined
  readonly cache_size?: number | undefined
  readonly extensions?: string | undefined
  readonly memory_limit?: number | undefined
  readonly lock_timeout?: number | undefined
  readonly on_blocked_ddl?: 'yield' | 'wait' | undefined
  readonly max_snapshot_age?: number | undefined
  readonly keep?: KeepValues | undefined
  readonly schedule?: ScheduleValues | undefined
}

export const configSchema: v.GenericSchema<unknown, ConfigValues> = config

/** The keys that may stand where an unknown one was found, for "did you mean". */
export function keysAt(path: readonly (string | number)[]): string[] {
  if (path.length === 0) return Object.keys(config.entries)
  const nested = { s3: s3Settings, keep: keepSettings, schedule: scheduleSettings }
  if (path.length === 1 && Object.hasOwn(nested, String(path[0])))
    return Object.keys(nested[path[0] as keyof typeof nested].entries)
  if (path[0] === 'tables' && path.length === 2) return Object.keys(tableSettings.entries)
  return path[0] === 'tables' && path[2] === 'columns' && path.length === 3 ? Object.keys(columnSettings.entries) : []
}
