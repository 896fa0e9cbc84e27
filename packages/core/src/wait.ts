import { setTimeout } from 'node:timers/promises'

export interface WaitOptions {
  /** Whether the wait keeps the process running. Default true. */
  readonly ref?: boolean | undefined
}

/** Waits for `ms` milliseconds, or until the signal fires. Never rejects. */
export type Wait = (ms: number, signal?: AbortSignal | undefined, options?: WaitOptions) => Promise<void>

/** Waits with Node's timers. */
export const wait: Wait = (ms, signal, { ref = true } = {}) =>
  setTimeout(ms, undefined, signal ? { ref, signal } : { ref }).catch(() => {})
