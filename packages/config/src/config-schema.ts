import { type ColumnChoice, READERS, STORE_AS } from '@dwh/core'
import * as v from 'valibot'
import type { ConfigValues } from './config-values.ts'
import { describeSetting } from './describe-setting.ts'
import type { Setting, SettingKind } from './setting.ts'
import { count, duration, flag, parallel, share, size, someOf } from './setting-values.ts'
import { SETTINGS } from './settings-list.ts'

const name = v.pipe(v.string(), v.nonEmpty('expected a name'))
const storeAs = v.union(
  [
    v.picklist([...STORE_AS, 'default']),
    v.pipe(
      v.strictObject({ encoding: name }),
      v.transform(({ encoding }): ColumnChoice => `encoding:${encoding}`),
    ),
  ],
  `expected ${STORE_AS.join(', ')}, default, or { encoding: ... }`,
)

const KINDS: Readonly<Record<Exclude<SettingKind, 'choice' | 'section' | 'sections' | 'tables'>, v.GenericSchema>> = {
  text: name,
  'text or empty': v.string(),
  path: name,
  place: name,
  'time zone': name,
  list: v.array(v.string()),
  flag,
  count,
  parallel,
  share,
  size,
  duration,
  names: v.record(v.string(), name),
  types: v.record(v.string(), storeAs),
  readers: someOf(READERS),
}

/** Schema of `dwh.yaml`. */
export const configSchema: v.GenericSchema<unknown, ConfigValues> = schemaOf(SETTINGS, '') as v.GenericSchema<
  unknown,
  ConfigValues
>

/**
 * Schema of the settings whose keys begin with `prefix`. Editors show the descriptions, through the JSON Schema that is
 * generated from this schema.
 */
function schemaOf(settings: readonly Setting[], prefix: string): v.GenericSchema {
  const entries = within(settings, prefix).map(([name, setting]) => [
    name,
    // the description goes around `optional`: a description inside a transformed value is lost
    v.pipe(v.optional(valueSchema(settings, setting)), v.description(describeSetting(setting))),
  ])
  return v.strictObject(Object.fromEntries(entries))
}

function valueSchema(settings: readonly Setting[], { key, kind, choices = [] }: Setting): v.GenericSchema {
  if (kind === 'section') return schemaOf(settings, `${key}.`)
  if (kind === 'tables') return v.record(name, v.nullable(schemaOf(settings, `${key}.*.`)))
  if (kind === 'sections') return v.array(schemaOf(settings, `${key}.*.`))
  return kind === 'choice' ? v.picklist(choices) : KINDS[kind]
}

/** Settings directly under `prefix`, each with its key without the prefix. */
function within(settings: readonly Setting[], prefix: string): [string, Setting][] {
  return settings
    .filter(({ key }) => key.startsWith(prefix) && !key.slice(prefix.length).includes('.'))
    .map((setting) => [setting.key.slice(prefix.length), setting])
}

/** Parses a written value of a setting: `10s` becomes 10000. */
export function settingValue(setting: Setting, written: unknown): unknown {
  return v.parse(valueSchema(SETTINGS, setting), written)
}

/** Lists the valid keys at a path where an unknown key was found, for "did you mean". */
export function keysAt(path: readonly (string | number)[]): string[] {
  return within(SETTINGS, prefixAt(path)).map(([name]) => name)
}

/** The beginning of the keys of the settings below a path. */
function prefixAt(path: readonly (string | number)[]): string {
  return path.reduce<string>((prefix, part) => {
    const any = `${prefix}*.`
    return SETTINGS.some(({ key }) => key.startsWith(any)) ? any : `${prefix}${part}.`
  }, '')
}

/** True for the path of a list of sections. */
export function isListOfSections(path: readonly string[]): boolean {
  return SETTINGS.some(({ key, kind }) => kind === 'sections' && key === path.join('.'))
}
