import { nearest } from '@dwh/core'
import { configInvalid, shown } from './config-invalid.ts'
import type { Keyword } from './keywords.ts'
import type { Settings } from './setting.ts'

/** The text of a setting; null if it is not set or empty. */
export function readText(settings: Settings, keyword: Keyword): string | null {
  return settings.get(keyword)?.value || null
}

/**
 * One of a closed list, spelled exactly like that; null if it is not set. As in libpq, an empty value counts as set and
 * is invalid.
 */
export function readChoice<const T extends string>(
  settings: Settings,
  keyword: Keyword,
  choices: readonly T[],
): T | null {
  const setting = settings.get(keyword)
  if (setting === undefined) return null
  const found = choices.find((choice) => choice === setting.value)
  if (found !== undefined) return found
  const meant = nearest(setting.value, choices)
  throw configInvalid(
    `${setting.from}: ${keyword} must be one of ${choices.join(', ')}, not ${shown(setting.value)}`,
    meant === null ? `Write one of them, or leave ${keyword} out.` : `Write ${meant}.`,
  )
}

/** A 32-bit whole number, with spaces around it allowed; null if it is not set. */
export function readInteger(settings: Settings, keyword: Keyword): number | null {
  const setting = settings.get(keyword)
  if (setting === undefined) return null
  const value = /^[ \t\n\v\f\r]*[+-]?\d+[ \t\n\v\f\r]*$/.test(setting.value) ? Number(setting.value) : Number.NaN
  if (value !== (value | 0)) {
    throw configInvalid(
      `${setting.from}: ${keyword} must be a whole number, not ${shown(setting.value)}`,
      `Write digits only, or leave ${keyword} out.`,
    )
  }
  return value
}
