import {
  DwhError,
  type ExtractionMethod,
  isDwhError,
  type SourceSnapshot,
  type TableData,
  type TableProfile,
} from '@dwh/core'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { TablePlan } from './plan-run.ts'

/** A smaller table is there before DuckDB has opened connections of its own. */
const NATIVE_FROM_BYTES = 8 * 1024 * 1024

/** DuckDB takes 2,048 rows at once, on each thread, before it writes any: longer rows than this do not fit into memory so. */
const NATIVE_ROW_BYTES = 32 * 1024
/** And so no row may be longer than this. */
const NATIVE_LONGEST_ROW_BYTES = 256 * 1024

/** A value becomes one JavaScript string in the rows method, which ends at 512 MiB. */
const ROWS_LONGEST_VALUE_BYTES = 400 * 1024 * 1024

export interface ChosenMethod {
  readonly method: ExtractionMethod
  /** Why it is none that would be faster; null where there is no such, or a person wanted it so. */
  readonly why: string | null
}

/** The ways out of one snapshot, and what is known by now of those that do not work. */
export interface ExtractionMethods {
  /**
   * Which one a table should take, as far as can be said before it was looked at.
   * @throws DwhError CONFIG_INVALID for one that was asked for and is not there
   */
  choose(table: TablePlan): Promise<ChosenMethod>
  /** The table on its way, through this method or the next best. */
  open(
    chosen: ChosenMethod,
    table: TablePlan,
    profile: TableProfile | null,
    signal: AbortSignal | undefined,
  ): Promise<OpenedMethod>
  /** The method to take after this one has failed with `error`; null where that would change nothing. */
  after(chosen: ChosenMethod, error: unknown): ChosenMethod | null
}

export interface OpenedMethod extends ChosenMethod {
  readonly data: TableData
}

export function openMethods(snapshot: SourceSnapshot, writer: ParquetWriter): ExtractionMethods {
  let nativeReason: Promise<string | null> | undefined

  function whyNotNative(): Promise<string | null> {
    nativeReason ??= snapshot.duckdbReader
      ? writer.whyNotLoaded(snapshot.duckdbReader.extension.name)
      : Promise.resolve('the source has no extension of DuckDB')
    return nativeReason
  }

  /** The next best method where this one cannot take the longest row. */
  function tooLong(method: ExtractionMethod, profile: TableProfile | null): ChosenMethod | null {
    const { rowBytes = 0, valueBytes = 0 } = profile?.longest ?? {}
    if (method === 'native' && rowBytes > NATIVE_LONGEST_ROW_BYTES)
      return nextBest(`its longest row has ${rowBytes} bytes, and it takes 2,048 at once`)
    if (method === 'rows' && valueBytes > ROWS_LONGEST_VALUE_BYTES && snapshot.readBulkText)
      return nextBest(`its longest value has ${valueBytes} bytes, and a JavaScript string ends at 512 MiB`)
    return null
  }

  const nextBest = (why: string | null): ChosenMethod => ({ method: snapshot.readBulkText ? 'copy' : 'rows', why })

  return {
    async choose({ extract, table }) {
      if (extract === 'rows') return { method: 'rows', why: null }
      if (extract === 'copy') {
        if (snapshot.readBulkText) return { method: 'copy', why: null }
        throw new DwhError('CONFIG_INVALID', 'extract: copy: this source copies no text', {
          hint: 'Write extract: auto.',
        })
      }
      if (extract === 'auto' && (table.estimatedBytes ?? 0) < NATIVE_FROM_BYTES) return nextBest(null)
      const rowBytes = (table.estimatedBytes ?? 0) / Math.max(table.estimatedRows ?? 0, 1)
      if (rowBytes > NATIVE_ROW_BYTES) return nextBest('its rows are too long to take 2,048 at once')
      const why = await whyNotNative()
      if (why === null) return { method: 'native', why: null }
      if (extract === 'auto') return nextBest(why)
      throw new DwhError('CONFIG_INVALID', `extract: native: ${why}`, {
        hint: snapshot.duckdbReader?.extension.hint ?? 'Write extract: auto.',
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
      // where it cannot begin, it will not for the next table; what stops it in the midst is of this one
      if (error.context.connected !== true) nativeReason = Promise.resolve(error.message)
      return nextBest(error.message)
    },
  }
}
