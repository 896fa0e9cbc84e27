import { DwhError, holdsSecret } from '@dwh/core'
import type { BaseIssue } from 'valibot'
import { SETTINGS } from './settings-list.ts'

/** Messages for valibot: its own messages repeat the given value. */
export const WITHOUT_VALUES: { readonly message: (issue: BaseIssue<unknown>) => string } = {
  message: ({ expected }) =>
    `expected ${(expected ?? 'something else').replace(/^\(|\)$/g, '').replaceAll(' | ', ' or ')}`,
}

/**
 * Refuses a connection string, or a URL with a password, in a setting that is not for one: later messages would print
 * it as a path or a name. `nameOf` names the setting.
 * @throws DwhError CONFIG_INVALID, without the value
 */
export function refuseSecrets(values: object, nameOf: (path: readonly string[]) => string): void {
  for (const path of textsIn(values, [])) {
    const text = String(path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], values))
    if (holdsSecret(text)) throw misplaced(nameOf(path))
  }
}

/** The error for a secret in a setting that is not for one. */
export function misplaced(name: string): DwhError {
  return new DwhError('CONFIG_INVALID', `${name}: the value contains a password or a key`, {
    hint: 'Put the database URL into DATABASE_URL (source), the keys of a bucket into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and only the bucket into DWH_STORAGE=s3://bucket/prefix.',
  })
}

function* textsIn(value: unknown, path: readonly string[]): Generator<readonly string[]> {
  const shown = path.join('.')
  if (SETTINGS.some(({ key, holds }) => key === shown && holds !== undefined)) return
  if (typeof value === 'string') yield path
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) yield* textsIn(item, [...path, key])
}
