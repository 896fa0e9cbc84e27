import { DwhError, isDwhError, type ObjectStore, type RunRecord } from '@dwh/core'
import { recordFailure, writeRunRecord } from '@dwh/metadata'
import { failureOf } from './run-record.ts'

/**
 * Records a failed run. The next run removes what it stored. Best effort: the failure itself is more important than
 * its record.
 */
export async function noteFailure(store: ObjectStore, record: RunRecord, error: DwhError): Promise<void> {
  // a configuration error is reported to the caller; it is not an event in the warehouse
  if (error.code === 'CONFIG_INVALID') return
  try {
    await writeRunRecord(store, record)
    // the faster run defines the state
    if (error.code !== 'CONFLICT') {
      const tables = Object.entries(record.tables).flatMap(([name, table]) => (table.status === 'failed' ? [name] : []))
      await recordFailure(store, { run_id: record.run_id, at: record.finished_at, ...failureOf(error), tables })
    }
  } catch {
    // the store rejects the record; the caller gets the failure, which may have the same reason
  }
}

/**
 * The reason why a run failed: a lost lease, or a silent store, explains the failures that followed. But if it is
 * uncertain whether the run was published, that is reported.
 */
export function failureOfRun(
  cause: unknown,
  runId: string,
  { lease, silent }: { readonly lease?: AbortSignal | undefined; readonly silent?: AbortSignal | undefined },
): DwhError {
  const reason = reasonOf(cause, lease, silent)
  if (isDwhError(reason)) return reason
  const message = reason instanceof Error ? reason.message : String(reason)
  return new DwhError('RUN_FAILED', `run ${runId}: ${message}`, { cause: reason })
}

function reasonOf(cause: unknown, lease: AbortSignal | undefined, silent: AbortSignal | undefined): unknown {
  if (isDwhError(cause) && cause.context.uncertain === true) return cause
  if (lease?.aborted) return lease.reason
  return silent?.aborted && isDwhError(cause, 'ABORTED') ? silent.reason : cause
}
