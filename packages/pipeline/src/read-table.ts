import { join } from 'node:path'
import {
  DwhError,
  type ExtractionMethod,
  type FileEntry,
  type ObjectStore,
  type OnEvent,
  parseTableName,
  partKey,
  type ReadReason,
  type SourceSnapshot,
  type TableEntry,
  type TableProfile,
} from '@dwh/core'
import { putPart } from '@dwh/metadata'
import type { ParquetWriter, WrittenParquet } from '@dwh/parquet-writer'
import { checkReaders } from './check-readers.ts'
import type { ExtractionMethods } from './choose-method.ts'
import type { RunPlan, TablePlan } from './plan-run.ts'
import { decideTypes, lossyConversionsOf, profileTable, typeChanges } from './profile-table.ts'
import { prove } from './prove.ts'
import { storedForValues } from './stored-for-values.ts'
import { footerMetadata, tableEntry } from './table-entry.ts'
import type { ReadStep } from './table-step.ts'
import { tryAgain } from './try-again.ts'
import { writeTable } from './write-table.ts'

export interface OpenSource {
  readonly snapshot: SourceSnapshot
  readonly methods: ExtractionMethods
}

export interface ReadTableOptions {
  readonly runId: string
  readonly store: ObjectStore
  readonly writer: ParquetWriter
  /** An empty folder for temporary files; the caller removes it. */
  readonly folder: string
  readonly clock: () => Date
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
}

export interface WrittenTableResult {
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
  /** Why the table was read; null for a new table. */
  readonly reason: ReadReason | null
}

/**
 * Reads, writes, proves and stores a table. Nothing is published.
 * @throws DwhError the errors of the source, the writer and the store, VALUE_REFUSED, PROOF_FAILED, ABORTED
 */
export async function readTable(
  planned: TablePlan & { readonly step: ReadStep },
  { snapshot, methods }: OpenSource,
  plan: RunPlan,
  options: ReadTableOptions,
): Promise<WrittenTableResult> {
  const { runId, writer, folder, clock, signal, onEvent } = options
  const { name } = planned
  const startedAt = clock().getTime()
  const { estimatedRows = null, estimatedBytes = null } = planned.table
  onEvent?.({ type: 'table-start', table: name, estimatedRows, estimatedBytes })
  const path = join(folder, `${plan.tables.findIndex((table) => table.name === name)}.parquet`)
  const watch = stopwatch(clock)
  const onRetry = retried(name, onEvent)
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
  const file = await storeFile(table, written, plan, options)
  const durationMs = Math.max(0, clock().getTime() - startedAt)
  const { rows, bytes } = file
  const proofMs = watch.elapsedMs()
  onEvent?.({ type: 'table-end', table: name, rows, bytes, durationMs, proofMs, method })
  const entry = tableEntry(table, context, file, proof)
  const changes = typeChanges(planned, table)
  const { reason } = planned.step
  return { status: 'written', name, entry, durationMs, proofMs, method, why, changes, reason }
}

/** @throws DwhError PROOF_FAILED if the storage has other bytes than were written */
async function storeFile(
  { name }: TablePlan,
  { path, rows, bytes }: WrittenParquet,
  { date }: RunPlan,
  { store, runId, signal }: ReadTableOptions,
): Promise<FileEntry> {
  const key = partKey(parseTableName(name), date, runId)
  const stored = await putPart(store, key, path, signal)
  if (stored.size === bytes && stored.sha256 !== null) return { key, rows, bytes, sha256: stored.sha256 }
  const found = stored.sha256 === null ? 'bytes without a known SHA-256' : `${stored.size} bytes`
  throw new DwhError('PROOF_FAILED', `${name}: ${bytes} bytes were written, the storage holds ${found}`, {
    hint: 'The file was not published. Run again.',
  })
}

/** Returns a function that tells of each failure after which a table is tried again. */
export function retried(table: string, onEvent: OnEvent | undefined): (error: DwhError) => void {
  return ({ message }) => onEvent?.({ type: 'table-retry', table, message })
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
