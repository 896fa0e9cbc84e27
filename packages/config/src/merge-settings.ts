import { dirname, resolve } from 'node:path'
import { dayAt } from '@dwh/core'
import { settingValue } from './config-schema.ts'
import type { ConfigValues, Filled, SettingFlags } from './config-values.ts'
import { fromEnvironment, fromFlags, type Variables } from './given-values.ts'
import type { ConfigFile } from './read-config-file.ts'
import { refuseSecrets } from './refuse-secrets.ts'
import type { Setting } from './setting.ts'
import { nested, valueAt } from './settings-by-key.ts'
import { SETTINGS } from './settings-list.ts'

export interface MergedSettings {
  /** Paths are absolute; what nobody says is left out. */
  readonly values: ConfigValues
  /** Whether flags or the environment say it, whatever the file does. */
  readonly isSaidOutside: (path: readonly (string | number)[]) => boolean
}

/** `s3:/bucket` is mistyped, and no folder of that name. */
const URL_LIKE = /^[a-z][a-z0-9+.-]+:\//i

/**
 * What flags say, then the environment, then the file: the first that says a setting wins.
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

/** Everything of one table comes from the file, as one value. */
function isOneValue({ key, kind }: Setting): boolean {
  return kind !== 'section' && !key.includes('*')
}

function settled({ kind }: Setting, value: unknown, folder: string): unknown {
  if (kind === 'time zone') dayAt(new Date(0), String(value))
  const isPath = kind === 'path' || (kind === 'place' && !URL_LIKE.test(String(value)))
  return isPath ? resolve(folder, String(value)) : value
}

/**
 * The settings of a section (`schedule.`), or those of none (an empty text), with the defaults of the list for those
 * that are not said.
 */
export function withDefaults<Prefix extends string>(prefix: Prefix, values: object): Filled<Prefix> {
  const defaults = SETTINGS.filter(({ key }) => key.startsWith(prefix) && !key.slice(prefix.length).includes('.'))
    .filter((setting) => setting.default !== undefined)
    .map((setting) => [setting.key.slice(prefix.length), settingValue(setting, setting.default)] as const)
  const said = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries([...defaults, ...said]) as Filled<Prefix>
}
