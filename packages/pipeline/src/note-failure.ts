import { DwhError, isDwhError, type ObjectStore, type RunRecord } from '@dwh/core'
import { abandonRun, recordFailure, writeRunRecord } from '@dwh/metadata'
import { failureOf } from './run-record.ts'

/** Leaves word of a failed run, and takes away what it staged. The failure itself matters more than not being able to say so. */
export async function noteFailure(store: ObjectStore, record: RunRecord, error: DwhError): Promise<void> {
  if (error.context.uncertain !== true) await abandonRun(store, record.run_id)
  // wrong settings are the caller's to see, and no event in the life of the warehouse
  if (error.code === 'CONFIG_INVALID') return
  try {
    await writeRunRecord(store, record)
    // the run that was quicker is the state of things
    if (error.code !== 'CONFLICT') {
      const tables = Object.entries(record.tables).flatMap(([name, table]) => (table.status === 'failed' ? [name] : []))
      await recordFailure(store, { run_id: record.run_id, at: record.finished_at, ...failureOf(error), tables })
    }
  } catch {
    // the storage does not take it; the caller gets the reason of the failure, which may well be the same
  }
}

/**
 * What a run failed of: once its lease is over, that is the reason, and once the storage has gone silent, what else was stopped by that. But nothing hides that the run may be published all the same.
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
