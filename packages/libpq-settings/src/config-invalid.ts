import { DwhError } from '@dwh/core'

/**
 * The error of every refusal in this package. Neither text may contain a secret, nor a value that may be a part of one
 * because of a quoting mistake.
 */
export function configInvalid(message: string, hint: string): DwhError {
  return new DwhError('CONFIG_INVALID', message, { hint })
}

/**
 * Shows a value in a message: the value itself if it is a plain word, as every value of a choice is; otherwise only its
 * length, since a value that was not split as meant (`sslmode=require;password=...`) may contain a secret.
 */
export function shown(value: string): string {
  return /^[\w.-]{0,32}$/.test(value) ? `"${value}"` : `a text of ${value.length} characters`
}
