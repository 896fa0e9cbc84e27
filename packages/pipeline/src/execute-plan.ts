import { join } from 'node:path'
import {
  DwhError,
  type ExtractionMethod,
  isDwhError,
  type ObjectStore,
  type OnEvent,
  parseTableName,
  partKey,
  type SourceSnapshot,
  type TableEntry,
  type TableProfile,
  throwIfAborted,
} from '@dwh/core'
import { putPart } from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import { checkReaders } from './check-readers.ts'
import { type ExtractionMethods, openMethods } from './choose-method.ts'
import type { RunPlan, TablePlan } from './plan-run.ts'
import { decideTypes, lossyConversionsOf, profileTable, typeChanges } from './profile-table.ts'
import { prove } from './prove.ts'
import { storedForValues } from './stored-for-values.ts'
import { footerMetadata, tableEntry } from './table-entry.ts'
import { tryAgain } from './try-again.ts'
import { writeTable } from './write-table.ts'

export interface ExecuteOptions {
  readonly runId: string
  readonly store: ObjectStore
  readonly writer: ParquetWriter
  /** Open snapshots by source name; the caller closes them. */
  readonly snapshots: ReadonlyMap<string, SourceSnapshot>
  /** An empty folder for temporary files; the caller removes it. */
  readonly folder: string
  readonly clock: () => Date
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
  /** Called with the name of a source after all its tables were read. */
  readonly onSourceRead?: ((source: string) => Promise<void>) | undefined
}

export type TableResult =
  | {
      readonly status: 'written'
      readonly name: string
      readonly entry: TableEntry
      readonly durationMs: number
      /** The part of `durationMs` spent on the profile and the proof, besides reading and writing. */
      readonly proofMs: number
      readonly method: ExtractionMethod
      /** Why a faster method was not used; null if none is faster or the user chose this one. */
      readonly why: string | null
      /** Columns whose type changed because of their values, in words. */
      readonly changes: readonly string[]
    }
  | { readonly status: 'failed'; readonly name: string; readonly error: DwhError }

/**
 * Reads, writes, checks and stores every table of a plan: as many at once as each source allows, the largest first. A
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

interface OpenSource {
  readonly snapshot: SourceSnapshot
  readonly methods: ExtractionMethods
}

async function executeTable(
  planned: TablePlan,
  { snapshot, methods }: OpenSource,
  plan: RunPlan,
  options: ExecuteOptions,
): Promise<TableResult> {
  const { runId, store, writer, folder, clock, signal, onEvent } = options
  const { name } = planned
  const startedAt = clock().getTime()
  const { estimatedRows = null, estimatedBytes = null } = planned.table
  onEvent?.({ type: 'table-start', table: name, estimatedRows, estimatedBytes })
  try {
    throwIfAborted(signal, name)
    const path = join(folder, `${plan.tables.indexOf(planned)}.parquet`)
    const watch = stopwatch(clock)
    const onRetry = ({ message }: DwhError) => onEvent?.({ type: 'table-retry', table: name, message })
    const chosen = await methods.choose(planned)
    const looks = { method: chosen.method, signal }
    const { table, profile } = await watch(
      decideTable(planned, (plan) => tryAgain(() => profileTable(plan, snapshot, looks), onRetry)),
    )
    const context = {
      runId,
      date: plan.date,
      snapshot: snapshot.info,
      lossyConversions: lossyConversionsOf(table, profile),
    }
    const metadata = footerMetadata(table, context, plan.current)
    const writing = { ...options, methods, path, metadata }
    const { written, method, why } = await tryAgain(() => writeTable(table, profile, chosen, writing), onRetry)
    const proof = await watch(prove(table, profile, written, writer))
    await watch(checkReaders(table, proof, written, writer))
    const key = partKey(parseTableName(name), plan.date, runId)
    const stored = await putPart(store, key, path, signal)
    if (stored.size !== written.bytes || stored.sha256 === null) {
      const found = stored.sha256 === null ? 'bytes without a known SHA-256' : `${stored.size} bytes`
      throw new DwhError('PROOF_FAILED', `${name}: ${written.bytes} bytes were written, the storage holds ${found}`, {
        hint: 'The file was not published. Run again.',
      })
    }
    const file = { key, rows: written.rows, bytes: written.bytes, sha256: stored.sha256 }
    const durationMs = Math.max(0, clock().getTime() - startedAt)
    const { rows, bytes } = file
    onEvent?.({ type: 'table-end', table: name, rows, bytes, durationMs, proofMs: watch.elapsedMs(), method })
    const changes = typeChanges(planned, table)
    return {
      status: 'written',
      name,
      entry: tableEntry(table, context, file, proof),
      durationMs,
      proofMs: watch.elapsedMs(),
      changes,
      method,
      why,
    }
  } catch (cause) {
    const error = named(cause, name)
    onEvent?.({ type: 'table-failed', table: name, code: error.code, message: error.message, hint: error.hint ?? null })
    return { status: 'failed', name, error }
  }
}

interface DecidedTable {
  readonly table: TablePlan
  readonly profile: TableProfile | null
}

/** Profiles a table and decides its types. Profiles it again where its values need text for a reader. */
async function decideTable(
  planned: TablePlan,
  profileOf: (plan: TablePlan) => Promise<TableProfile | null>,
): Promise<DecidedTable> {
  const profile = await profileOf(planned)
  const table = decideTypes(planned, profile?.types ?? {})
  const changed = storedForValues(planned, table, profile)
  if (changed === null) return { table, profile }
  const again = await profileOf(changed)
  return { table: decideTypes(changed, again?.types ?? {}), profile: again }
}

/** Measures the total time of the promises passed to it. */
function stopwatch(clock: () => Date) {
  let elapsed = 0
  const watch = async <T>(work: Promise<T>): Promise<T> => {
    const startedAt = clock().getTime()
    try {
      return await work
    } finally {
      elapsed += Math.max(0, clock().getTime() - startedAt)
    }
  }
  return Object.assign(watch, { elapsedMs: () => elapsed })
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
