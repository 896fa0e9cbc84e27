import type { Setting } from './setting.ts'
import { BUCKET_SETTINGS } from './settings/bucket.ts'
import { GENERAL_SETTINGS } from './settings/general.ts'
import { SCHEDULER_SETTINGS } from './settings/scheduler.ts'
import { TABLE_SETTINGS } from './settings/tables.ts'

/**
 * Every setting, once. The schema, the types, the variables, the flags, the defaults, `dwh.schema.json`, `--help` and
 * the tables under `docs/` are generated from this list. `Setting` explains the fields of a row.
 */
export const SETTINGS: readonly Setting[] = [
  ...GENERAL_SETTINGS,
  ...BUCKET_SETTINGS,
  ...TABLE_SETTINGS,
  ...SCHEDULER_SETTINGS,
]

/** The rows of `SETTINGS`, as a type. */
export type SettingRow =
  | (typeof GENERAL_SETTINGS)[number]
  | (typeof BUCKET_SETTINGS)[number]
  | (typeof TABLE_SETTINGS)[number]
  | (typeof SCHEDULER_SETTINGS)[number]

/** Environment variables without a setting of the same meaning. */
export const OTHER_VARIABLES = {
  DWH_CONFIG: 'configuration file to read instead of `dwh.yaml`',
  DWH_PAGER: 'program for results longer than the screen, before `PAGER`; empty: none',
  S3_BUCKET: 'bucket of the warehouse, used when neither `--storage` nor `DWH_STORAGE` is set',
} as const
