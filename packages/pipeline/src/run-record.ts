import {
  type Day,
  type DwhError,
  type FailedTable,
  type RunRecord,
  type RunRecordTable,
  sizeOfFiles,
  takenAtOf,
} from '@dwh/core'
import { FORMAT_VERSION } from '@dwh/metadata'
import type { TableResult } from './execute-plan.ts'
import type { RunPlan } from './plan-run.ts'

export interface RecordInput {
  readonly runId: string
  readonly date: Day
  readonly startedAt: Date
  readonly finishedAt: Date
  readonly plan: RunPlan | undefined
  readonly results: readonly TableResult[]
  readonly error: DwhError | null
}

/** Makes the record of a run, successful or failed. */
export function makeRecord({ runId, date, startedAt, finishedAt, plan, results, error }: RecordInput): RunRecord {
  const tables = new Map<string, RunRecordTable>(plan?.tables.map((table) => [table.name, { status: 'not read' }]))
  for (const result of results) tables.set(result.name, outcome(result))
  const published = results.some(({ status }) => status === 'failed') ? 'partial' : 'success'
  return {
    version: FORMAT_VERSION,
    run_id: runId,
    status: error ? 'failed' : published,
    date,
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    duration_ms: Math.max(0, finishedAt.getTime() - startedAt.getTime()),
    tables: Object.fromEntries(tables),
    ...instantsOf(results),
    error: error && failureOf(error),
  }
}

function instantsOf(results: readonly TableResult[]): Pick<RunRecord, 'oldest_taken_at' | 'newest_taken_at'> {
  const published = results.flatMap((result) =>
    result.status === 'failed' ? [] : [[result.name, result.entry] as const],
  )
  const takenAt = takenAtOf(Object.fromEntries(published))
  return takenAt === null ? {} : { oldest_taken_at: takenAt.oldest, newest_taken_at: takenAt.newest }
}

function outcome(result: TableResult): RunRecordTable {
  if (result.status === 'failed') return { status: 'failed', ...failureOf(result.error) }
  const { rows, bytes } = sizeOfFiles(result.entry.files)
  if (result.status === 'unchanged') return { status: 'unchanged', rows, ...(result.proved ? { proved: true } : {}) }
  const { durationMs, proofMs, method, reason } = result
  const read = { rows, bytes, duration_ms: durationMs, proof_ms: proofMs, method }
  return { status: 'written', ...read, ...(reason ? { reason } : {}) }
}

/** The stored part of an error: never its context or its cause. */
export function failureOf({ code, message, hint }: DwhError): Omit<FailedTable, 'run_id' | 'at'> {
  return { code, message, hint: hint ?? null }
}
