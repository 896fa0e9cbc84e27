import {
  DwhError,
  type ExtractionMethod,
  formatBytes,
  isDwhError,
  type SourceSnapshot,
  type TableData,
  type TableProfile,
} from '@dwh/core'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { TablePlan } from './plan-run.ts'

/** Minimum size for DuckDB's own reader: a smaller table is read before DuckDB has opened its connections. */
const NATIVE_FROM_BYTES = 8 * 1024 * 1024

/**
 * Maximum average row size for DuckDB's own reader: it takes 2,048 rows at once on each thread before it writes any,
 * and longer rows do not fit into memory.
 */
const NATIVE_ROW_BYTES = 32 * 1024
/** Maximum size of a single row, for the same reason. */
const NATIVE_LONGEST_ROW_BYTES = 256 * 1024

/** Maximum size of a value in the rows method, where a value is one JavaScript string, which is limited to 512 MiB. */
const ROWS_LONGEST_VALUE_BYTES = 400 * 1024 * 1024

export interface ChosenMethod {
  readonly method: ExtractionMethod
  /** Why a faster method was not used; null if none is faster or the user chose this one. */
  readonly why: string | null
}

/** Why DuckDB's own reader does not work, and what to do about it. */
interface Obstacle {
  readonly reason: string
  readonly hint: string | null
}

/** The extraction methods of one snapshot, and which of them are known not to work. */
export interface ExtractionMethods {
  /**
   * Chooses the method for a table before its profile is known.
   * @throws DwhError CONFIG_INVALID for a method that was requested and is not available
   */
  choose(table: TablePlan): Promise<ChosenMethod>
  /** Opens the table with this method, or with the next best. */
  open(
    chosen: ChosenMethod,
    table: TablePlan,
    profile: TableProfile | null,
    signal: AbortSignal | undefined,
  ): Promise<OpenedMethod>
  /** The method to use after this one failed with `error`; null if another method would not help. */
  after(chosen: ChosenMethod, error: unknown): ChosenMethod | null
}

export interface OpenedMethod extends ChosenMethod {
  readonly data: TableData
}

export function openMethods(snapshot: SourceSnapshot, writer: ParquetWriter): ExtractionMethods {
  let nativeObstacle: Promise<Obstacle | null> | undefined

  function whyNotNative(): Promise<Obstacle | null> {
    nativeObstacle ??= findObstacle()
    return nativeObstacle
  }

  async function findObstacle(): Promise<Obstacle | null> {
    if (!snapshot.duckdbReader) return { reason: 'the source has no DuckDB extension', hint: null }
    const { name, hint } = snapshot.duckdbReader.extension
    const reason = await writer.whyNotLoaded(name)
    return reason === null ? null : { reason, hint }
  }

  /** The next best method if this one cannot handle the longest row. */
  function tooLong(method: ExtractionMethod, profile: TableProfile | null): ChosenMethod | null {
    const { rowBytes = 0, valueBytes = 0 } = profile?.longest ?? {}
    if (method === 'native' && rowBytes > NATIVE_LONGEST_ROW_BYTES)
      return nextBest(`its longest row has ${formatBytes(rowBytes)}, and DuckDB reads 2,048 rows at once`)
    if (method === 'rows' && valueBytes > ROWS_LONGEST_VALUE_BYTES && snapshot.readBulkText)
      return nextBest(`its longest value has ${formatBytes(valueBytes)}, and a JavaScript string is limited to 512 MiB`)
    return null
  }

  const nextBest = (why: string | null): ChosenMethod => ({ method: snapshot.readBulkText ? 'copy' : 'rows', why })

  return {
    async choose({ extract, table }) {
      if (extract === 'rows') return { method: 'rows', why: null }
      if (extract === 'copy') {
        if (snapshot.readBulkText) return { method: 'copy', why: null }
        throw new DwhError('CONFIG_INVALID', 'extract: copy: this source does not support copy', {
          hint: 'Write extract: auto.',
        })
      }
      if (extract === 'auto' && (table.estimatedBytes ?? 0) < NATIVE_FROM_BYTES) return nextBest(null)
      const rowBytes = (table.estimatedBytes ?? 0) / Math.max(table.estimatedRows ?? 0, 1)
      if (rowBytes > NATIVE_ROW_BYTES) return nextBest('its rows are too long for DuckDB to read 2,048 at once')
      const obstacle = await whyNotNative()
      if (obstacle === null) return { method: 'native', why: null }
      const { reason, hint } = obstacle
      if (extract === 'auto') return nextBest(hint === null ? reason : `${reason}. ${hint}`)
      throw new DwhError('CONFIG_INVALID', `extract: native: ${reason}`, {
        hint: hint === null ? 'Write extract: auto.' : `${hint} Or write extract: auto.`,
      })
    },
    async open(chosen, { table, where }, profile, signal) {
      const options = { where: where ?? undefined, signal }
      let { method, why } = tooLong(chosen.method, profile) ?? chosen
      if (method === 'native' && profile && snapshot.duckdbReader) {
        const data = await snapshot.duckdbReader.read(table, profile, options)
        if (typeof data !== 'string') return { method, why, data }
        ;({ method, why } = nextBest(data))
      }
      const text = method === 'rows' ? undefined : snapshot.readBulkText?.(table, options)
      return text ? { method: 'copy', why, data: text } : { method: 'rows', why, data: snapshot.read(table, options) }
    },
    after({ method }, error) {
      if (method !== 'native' || !isDwhError(error, 'SOURCE_FAILED') || error.context.retryable) return null
      // if it cannot connect, it will not for the next table either; an error while reading concerns this table only
      if (error.context.connected !== true) nativeObstacle = Promise.resolve({ reason: error.message, hint: null })
      return nextBest(error.message)
    },
  }
}
