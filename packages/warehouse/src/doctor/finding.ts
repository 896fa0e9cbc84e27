import { DwhError, isDwhError } from '@dwh/core'

export type Status = 'ok' | 'warning' | 'failed' | 'skipped'

/** Result of one check. */
export interface Finding {
  /** For example `source.tables`; stays the same across versions. */
  readonly id: CheckId
  readonly status: Status
  readonly found: string
  /** What to do; null if nothing is to be done. */
  readonly fix: string | null
  /** SQL or a JSON policy, to paste unchanged. */
  readonly paste: string | null
}

/** Every check, in the order in which they run. */
export const CHECKS = [
  'config',
  'source.connection',
  'source.server',
  'source.rights',
  'source.sessions',
  'source.snapshot',
  'source.tables',
  'source.notes',
  'local.temp',
  'local.cache',
  'storage.list',
  'storage.write',
  'storage.conditions',
  'warehouse',
  'warehouse.source',
  'warehouse.last_run',
  'query.files',
  'query.duckdb',
  'query.extensions',
] as const

export type CheckId = (typeof CHECKS)[number]

export type Outcome = Omit<Finding, 'id'>

export const ok = (found: string): Outcome => ({ status: 'ok', found, fix: null, paste: null })

export const warning = (found: string, fix: string, paste: string | null = null): Outcome => ({
  status: 'warning',
  found,
  fix,
  paste,
})

export const failed = (found: string, fix: string | null, paste: string | null = null): Outcome => ({
  status: 'failed',
  found,
  fix,
  paste,
})

/** Turns an error into the outcome of a check. */
export function failureOf(error: unknown): Outcome {
  if (isDwhError(error)) return failed(error.message, error.hint ?? null)
  return failed(error instanceof Error ? error.message : String(error), null)
}

/** Marks checks as skipped because another check failed. */
export function* skip(because: CheckId, ...ids: readonly CheckId[]): Generator<Finding> {
  for (const id of ids) yield { id, status: 'skipped', found: `needs ${because}`, fix: null, paste: null }
}

export interface Limits {
  readonly signal: AbortSignal
  /** Time limit of each check. */
  readonly timeoutMs: number
}

/**
 * Runs the work of a check: returns its value, or the outcome of its failure. Ends after `timeoutMs`, even if the work
 * still waits for something.
 * @throws DwhError ABORTED when `signal` fires
 */
export async function attempt<T>(
  { signal, timeoutMs }: Limits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value: T } | { readonly failure: Outcome }> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const either = AbortSignal.any([signal, deadline])
  const late = new Promise<never>((_, reject) => {
    either.addEventListener('abort', () => reject(new DwhError('ABORTED', 'doctor: stopped')), { once: true })
  })
  try {
    return { value: await Promise.race([work(either), late]) }
  } catch (error) {
    if (signal.aborted) throw error
    if (deadline.aborted) {
      const fix = 'A firewall in between may drop the packets. Raise --timeout if the connection is slow.'
      return { failure: failed(`no answer within ${timeoutMs / 1000} s`, fix) }
    }
    return { failure: failureOf(error) }
  }
}
