import { dirname, resolve } from 'node:path'
import { dayAt } from '@dwh/core'
import type { ConfigFile } from './config-file.ts'
import { settingValue } from './config-schema.ts'
import type { ConfigValues, Filled, SettingFlags } from './config-values.ts'
import { fromEnvironment, fromFlags, type Variables } from './given-values.ts'
import { refuseSecrets } from './refuse-secrets.ts'
import type { Setting } from './setting.ts'
import { nested, valueAt } from './settings-by-key.ts'
import { SETTINGS } from './settings-list.ts'

export interface MergedSettings {
  /** Paths are absolute; settings that are not set are absent. */
  readonly values: ConfigValues
  /** True if a flag or the environment sets it, whatever the file contains. */
  readonly isSaidOutside: (path: readonly (string | number)[]) => boolean
}

/** Matches `s3:/bucket` too: a mistyped URL, not a folder of that name. */
const URL_LIKE = /^[a-z][a-z0-9+.-]+:\//i

/**
 * Merges flags, environment and file: the first that sets a setting wins.
 * @throws DwhError CONFIG_INVALID
 */
export function mergeSettings(
  file: ConfigFile | null,
  flags: SettingFlags,
  { env, cwd }: { readonly env: Variables; readonly cwd: string },
): MergedSettings {
  const environment = fromEnvironment(env)
  const outside = [fromFlags(flags), environment]
  refuseSecrets({ bucket: env.S3_BUCKET }, () => 'S3_BUCKET')
  const places = [
    ...outside.map(({ values }) => ({ values, folder: cwd })),
    { values: env.S3_BUCKET ? { storage: `s3://${env.S3_BUCKET}` } : {}, folder: cwd },
    ...(file === null ? [] : [{ values: file.values, folder: dirname(file.path) }]),
  ]
  const merged = SETTINGS.filter(isOneValue).map((setting) => {
    const place = places.find(({ values }) => valueAt(values, setting.key) !== undefined)
    return [setting.key, place && settled(setting, valueAt(place.values, setting.key), place.folder)] as const
  })
  return {
    values: nested(merged),
    isSaidOutside: (path) => outside.some(({ written }) => typeof valueAt(written, path.join('.')) === 'string'),
  }
}

/** The settings of one table come from the file as one value. */
function isOneValue({ key, kind }: Setting): boolean {
  return kind !== 'section' && !key.includes('*')
}

function settled({ kind }: Setting, value: unknown, folder: string): unknown {
  if (kind === 'time zone') dayAt(new Date(0), String(value))
  const isPath = kind === 'path' || (kind === 'place' && !URL_LIKE.test(String(value)))
  return isPath ? resolve(folder, String(value)) : value
}

/**
 * Settings of a section (`schedule.`), or the top-level ones (empty prefix), with defaults for those that are not set.
 */
export function withDefaults<Prefix extends string>(prefix: Prefix, values: object): Filled<Prefix> {
  const defaults = SETTINGS.filter(({ key }) => key.startsWith(prefix) && !key.slice(prefix.length).includes('.'))
    .filter((setting) => setting.default !== undefined)
    .map((setting) => [setting.key.slice(prefix.length), settingValue(setting, setting.default)] as const)
  const said = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries([...defaults, ...said]) as Filled<Prefix>
}
