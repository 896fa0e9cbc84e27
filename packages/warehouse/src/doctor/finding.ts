import { DwhError, isDwhError } from '@dwh/core'

export type Status = 'ok' | 'warning' | 'failed' | 'skipped'

/** What one check found. */
export interface Finding {
  /** Such as `source.tables`; stays the same from version to version. */
  readonly id: CheckId
  readonly status: Status
  readonly found: string
  /** What to do about it; null when there is nothing to do. */
  readonly fix: string | null
  /** SQL, or a policy in JSON, to be pasted as it is. */
  readonly paste: string | null
}

/** Every check, in the order in which they are made. */
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

/** What an error means for a check. */
export function failureOf(error: unknown): Outcome {
  if (isDwhError(error)) return failed(error.message, error.hint ?? null)
  return failed(error instanceof Error ? error.message : String(error), null)
}

/** What cannot be checked after another check has failed. */
export function* skip(because: CheckId, ...ids: readonly CheckId[]): Generator<Finding> {
  for (const id of ids) yield { id, status: 'skipped', found: `needs ${because}`, fix: null, paste: null }
}

export interface Limits {
  readonly signal: AbortSignal
  /** For each check. */
  readonly timeoutMs: number
}

/**
 * Does the work of a check: its value, or what its failure means. No check may take longer than it is given, whatever it waits for.
 * @throws DwhError ABORTED when `signal` says so
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
      const fix = 'Is something in between that swallows packets? Give it longer with --timeout if the way is slow.'
      return { failure: failed(`no answer within ${timeoutMs / 1000} s`, fix) }
    }
    return { failure: failureOf(error) }
  }
}
