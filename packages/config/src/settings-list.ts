import type { Setting } from './setting.ts'
import { BUCKET_SETTINGS } from './settings/bucket.ts'
import { GENERAL_SETTINGS } from './settings/general.ts'
import { SCHEDULER_SETTINGS } from './settings/scheduler.ts'
import { TABLE_SETTINGS } from './settings/tables.ts'

/**
 * Every setting, once. The schema, the types, the variables, the flags, the defaults, `dwh.schema.json`, `--help` and
 * the tables under `docs/`
 * are made of this. What each field of a row means: `Setting`.
 */
export const SETTINGS: readonly Setting[] = [
  ...GENERAL_SETTINGS,
  ...BUCKET_SETTINGS,
  ...TABLE_SETTINGS,
  ...SCHEDULER_SETTINGS,
]

/** The same, as types. */
export type SettingRow =
  | (typeof GENERAL_SETTINGS)[number]
  | (typeof BUCKET_SETTINGS)[number]
  | (typeof TABLE_SETTINGS)[number]
  | (typeof SCHEDULER_SETTINGS)[number]

/** Variables that are no setting by themselves. */
export const OTHER_VARIABLES = {
  DWH_CONFIG: 'another file than `dwh.yaml`',
  S3_BUCKET: 'the bucket alone, where neither `--storage` nor `DWH_STORAGE` says where the warehouse is',
} as const
