import { DwhError, isDwhError, type SourceSnapshot, type TableEntry, throwIfAborted } from '@dwh/core'
import { openMethods } from './choose-method.ts'
import type { RunPlan, TablePlan } from './plan-run.ts'
import { type OpenSource, type ReadTableOptions, readTable, retried, type WrittenTableResult } from './read-table.ts'
import { renewProof } from './renew-proof.ts'
import { keptEntry } from './table-entry.ts'
import { tryAgain } from './try-again.ts'

export interface ExecuteOptions extends ReadTableOptions {
  /** Open snapshots by source name; the caller closes them. */
  readonly snapshots: ReadonlyMap<string, SourceSnapshot>
  /** Called with the name of a source after all its tables were read. */
  readonly onSourceRead?: ((source: string) => Promise<void>) | undefined
}

export type TableResult =
  | WrittenTableResult
  /** Not read: its current files have the rows of the snapshot. `proved`: their proof was renewed. */
  | { readonly status: 'unchanged'; readonly name: string; readonly entry: TableEntry; readonly proved: boolean }
  | { readonly status: 'failed'; readonly name: string; readonly error: DwhError }

/**
 * Reads and stores the tables of a plan that have changed: as many at once as each source allows, the largest first. A
 * failed table is a result, not an error, and does not stop the others; an abort stops all. Nothing is published.
 * @throws DwhError ABORTED
 */
export async function executePlan(plan: RunPlan, options: ExecuteOptions): Promise<TableResult[]> {
  const results: TableResult[] = []
  await Promise.all(
    [...options.snapshots].map(async ([source, snapshot]) => {
      const waiting = plan.tables
        .filter((table) => table.source === source)
        .sort((a, b) => (b.table.estimatedBytes ?? 0) - (a.table.estimatedBytes ?? 0))
        .values()
      const methods = openMethods(snapshot, options.writer)
      async function worker(): Promise<void> {
        for (const table of waiting) results.push(await executeTable(table, { snapshot, methods }, plan, options))
      }
      await Promise.all(Array.from({ length: snapshot.parallel }, worker))
      await options.onSourceRead?.(source)
    }),
  )
  throwIfAborted(options.signal, 'run')
  return results.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function executeTable(
  planned: TablePlan,
  source: OpenSource,
  plan: RunPlan,
  options: ExecuteOptions,
): Promise<TableResult> {
  const { name, step } = planned
  const { runId, signal, onEvent } = options
  const { snapshot } = source
  try {
    throwIfAborted(signal, name)
    if (step.action === 'read') return await readTable({ ...planned, step }, source, plan, options)
    const { entry: current, state, prove } = step
    const renew = () => renewProof(planned, current, snapshot, signal)
    const reason = prove ? await tryAgain(renew, retried(name, onEvent)) : null
    if (reason !== null) {
      if (reason.id === 'proof-failed') onEvent?.({ type: 'table-proof-failed', table: name, reason })
      return await readTable({ ...planned, step: { action: 'read', reason, state } }, source, plan, options)
    }
    const entry = keptEntry(planned, { runId, date: plan.date, snapshot: snapshot.info }, step)
    onEvent?.({ type: 'table-unchanged', table: name, rows: current.proof.rows, proved: prove })
    return { status: 'unchanged', name, entry, proved: prove }
  } catch (cause) {
    const error = named(cause, name)
    onEvent?.({ type: 'table-failed', table: name, code: error.code, message: error.message, hint: error.hint ?? null })
    return { status: 'failed', name, error }
  }
}

/** Adds the name of the table to an error. */
function named(cause: unknown, table: string): DwhError {
  if (!isDwhError(cause)) {
    const message = cause instanceof Error ? cause.message : String(cause)
    return new DwhError('SOURCE_FAILED', `${table}: ${message}`, { cause, context: { table } })
  }
  if (cause.message.startsWith(`${table}:`) || cause.message.startsWith(`${table},`)) return cause
  return new DwhError(cause.code, `${table}: ${cause.message}`, {
    cause,
    hint: cause.hint,
    context: { ...cause.context, table },
  })
}
