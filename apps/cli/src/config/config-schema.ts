import type { TableSettings } from '@dwh/pipeline'
import * as v from 'valibot'

const list = v.array(v.string())
const name = v.pipe(v.string(), v.nonEmpty('expected a name'))

const tableSettings = v.strictObject({
  exclude: v.optional(v.boolean()),
  name: v.optional(name),
  columns: v.optional(v.strictObject({ exclude: v.optional(list), rename: v.optional(v.record(v.string(), name)) })),
  where: v.optional(name),
})

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
}
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `512MB`, `1 GiB` -> bytes */
const size = v.pipe(
  v.string(),
  v.regex(/^\d+(?:\.\d+)? ?(?:B|[KMG]i?B)$/i, 'expected a size such as 512MB or 1GiB'),
  v.transform((text) => Math.round(Number.parseFloat(text) * (BYTES[text.replace(/[\d. ]/g, '').toUpperCase()] ?? 1))),
)

/** `500ms`, `10s`, `2m` -> milliseconds */
const duration = v.pipe(
  v.string(),
  v.regex(/^\d+(?:\.\d+)? ?(?:ms|s|m|h)$/, 'expected a duration such as 500ms, 10s or 2m'),
  v.transform((text) => Math.round(Number.parseFloat(text) * (MILLISECONDS[text.replace(/[\d. ]/g, '')] ?? 1))),
)

const parallel = v.pipe(
  v.union(
    [v.number(), v.pipe(v.string(), v.regex(/^\d+$/, 'expected a number'), v.transform(Number))],
    'expected a number',
  ),
  v.integer('expected a whole number'),
  v.minValue(1, 'expected at least 1'),
  v.maxValue(64, 'expected at most 64'),
)

const flag = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])], 'expected true or false'),
  v.transform((value) => value === true || value === 'true'),
)

const s3Settings = v.strictObject({
  endpoint: v.optional(name),
  region: v.optional(name),
  path_style: v.optional(flag),
  ca_file: v.optional(name),
  profile: v.optional(name),
  access_key_id: v.optional(name),
  secret_access_key: v.optional(name),
  session_token: v.optional(name),
  encryption: v.optional(v.picklist(['AES256', 'aws:kms', 'aws:kms:dsse'])),
  kms_key_id: v.optional(name),
  part_size: v.optional(size),
  parallel_parts: v.optional(parallel),
})

const config = v.strictObject({
  source: v.optional(name),
  storage: v.optional(name),
  s3: v.optional(s3Settings),
  timezone: v.optional(name),
  parallel: v.optional(parallel),
  include: v.optional(list),
  exclude: v.optional(list),
  tables: v.optional(v.record(name, v.nullable(tableSettings))),
  temp: v.optional(name),
  cache: v.optional(name),
  cache_size: v.optional(size),
  extensions: v.optional(name),
  memory_limit: v.optional(size),
  lock_timeout: v.optional(duration),
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
  readonly part_size?: number | undefined
  readonly parallel_parts?: number | undefined
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
  readonly tables?: Readonly<Record<string, TableSettings | null>> | undefined
  readonly temp?: string | undefined
  readonly cache?: string | undefined
  readonly cache_size?: number | undefined
  readonly extensions?: string | undefined
  readonly memory_limit?: number | undefined
  readonly lock_timeout?: number | undefined
}

export const configSchema: v.GenericSchema<unknown, ConfigValues> = config

/** The keys that may stand where an unknown one was found, for "did you mean". */
export function keysAt(path: readonly (string | number)[]): string[] {
  if (path.length === 0) return Object.keys(config.entries)
  if (path[0] === 's3' && path.length === 1) return Object.keys(s3Settings.entries)
  if (path[0] === 'tables' && path.length === 2) return Object.keys(tableSettings.entries)
  return path[0] === 'tables' && path[2] === 'columns' && path.length === 3 ? ['exclude', 'rename'] : []
}
