import { DwhError } from '@dwh/core'
import * as v from 'valibot'
import { configSchema } from './config-schema.ts'
import type { ConfigValues, SettingFlags } from './config-values.ts'
import { refuseSecrets, WITHOUT_VALUES } from './refuse-secrets.ts'
import { renamedHint } from './renamed-values.ts'
import type { Setting } from './setting.ts'
import { nested } from './settings-by-key.ts'
import { SETTINGS } from './settings-list.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/** Values from flags or variables, in the structure of the file: as written, and as parsed. */
export interface GivenValues {
  readonly written: Record<string, unknown>
  readonly values: ConfigValues
}

/**
 * Reads settings from environment variables. An empty variable counts as not set.
 * @throws DwhError CONFIG_INVALID
 */
export function fromEnvironment(env: Variables): GivenValues {
  return given(
    ({ variable }) => variable && (env[variable] || undefined),
    ({ variable }) => variable,
  )
}

/** @throws DwhError CONFIG_INVALID */
export function fromFlags(flags: SettingFlags): GivenValues {
  const byName = flags as Readonly<Record<string, unknown>>
  return given(
    ({ flag }) => flag && byName[flag.name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())],
    ({ flag }) => flag && `--${flag.name}`,
  )
}

function given(
  writtenOf: (setting: Setting) => unknown,
  nameOf: (setting: Setting) => string | undefined,
): GivenValues {
  const found = SETTINGS.map((setting) => [setting.key, writtenOf(setting)] as const)
  const written = nested(found)
  return { written, values: checked(written, (path) => namedBy(path, nameOf)) }
}

/** The name of the setting at a path. */
function namedBy(path: readonly string[], nameOf: (setting: Setting) => string | undefined): string {
  const shown = path.join('.')
  const setting = SETTINGS.find(({ key }) => key === shown)
  return (setting && nameOf(setting)) ?? shown
}

/**
 * Parses values by the schema; `nameOf` names a wrong value in the error.
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
    hint: renamedHint(issue) ?? 'See `dwh help settings`.',
  })
}
