import type { SourceSnapshot } from '@dwh/core'
import type { SourceSettings } from './settings.ts'

/** The open sources of a run, each at its own instant. */
export interface OpenSources {
  readonly snapshots: ReadonlyMap<string, SourceSnapshot>
  /**
   * Closes a source as soon as it is not needed any more. Later calls do nothing. Never throws: a failure is in
   * `closeFailure`.
   */
  close(name: string): Promise<void>
  closeAll(): Promise<void>
  /** The first failure of a `close`; null if there was none. */
  closeFailure(): unknown
}

/**
 * Opens every source, one after another. If one cannot be opened, the others are closed.
 * @throws what a source throws
 */
async function openSources(
  sources: Readonly<Record<string, SourceSettings>>,
  signal: AbortSignal | undefined,
): Promise<OpenSources> {
  const snapshots = new Map<string, SourceSnapshot>()
  const closing = new Map<string, Promise<void>>()
  let failure: unknown = null
  function close(name: string): Promise<void> {
    const closed = closing.get(name) ?? closeOnce(name)
    closing.set(name, closed)
    return closed
  }
  async function closeOnce(name: string): Promise<void> {
    try {
      await snapshots.get(name)?.close()
    } catch (error) {
      failure ??= error
    }
  }
  async function closeAll(): Promise<void> {
    await Promise.all([...snapshots.keys()].map(close))
  }
  try {
    for (const [name, { source }] of Object.entries(sources)) snapshots.set(name, await source.open(signal))
  } catch (error) {
    await closeAll()
    throw error
  }
  return { snapshots, close, closeAll, closeFailure: () => failure }
}

/** Does the work with every source open, and closes the sources that it left open. */
export async function withSources<T>(
  options: { readonly sources: Readonly<Record<string, SourceSettings>>; readonly signal?: AbortSignal | undefined },
  work: (open: OpenSources) => Promise<T>,
): Promise<T> {
  const open = await openSources(options.sources, options.signal)
  try {
    return await work(open)
  } finally {
    await open.closeAll()
  }
}
