import { type DwhError, isDwhError } from '@dwh/core'

/**
 * True for content that is damaged or invalid. False for a later version: that is not a fault, and must not be changed.
 */
export function isUnreadable(error: unknown): error is DwhError {
  return isDwhError(error, 'DAMAGED') || (isDwhError(error, 'STATE_INVALID') && error.context.newer !== true)
}

/** Returns the error of such content, for a `catch`; throws any other. */
export function ifUnreadable(error: unknown): DwhError {
  if (isUnreadable(error)) return error
  throw error
}

/**
 * Returns the error of a missing right, for a `catch` of clean-up: that is no reason against a run, and a later one
 * finds what is left. Throws any other.
 */
export function ifDenied(error: unknown): DwhError {
  if (isDwhError(error, 'STORE_DENIED')) return error
  throw error
}
