import { DwhError } from '@dwh/core'

/**
 * What every refusal in this package is. Neither text may hold a value that is, or by a slip of quoting could be, a
 * secret.
 */
export function configInvalid(message: string, hint: string): DwhError {
  return new DwhError('CONFIG_INVALID', message, { hint })
}

/**
 * A value for a message: itself when it is a plain word, as every value of a choice is; otherwise only its size, since what was not split as meant
 * (`sslmode=require;password=...`) may hold more than it should.
 */
export function shown(value: string): string {
  return /^[\w.-]{0,32}$/.test(value) ? `"${value}"` : `a text of ${value.length} characters`
}
