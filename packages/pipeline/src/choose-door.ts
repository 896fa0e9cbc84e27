import { type Door, DwhError, isDwhError, type SourceSnapshot, type TableData, type TableSurvey } from '@dwh/core'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { TablePlan } from './plan-run.ts'

/** A smaller table is there before DuckDB has opened connections of its own. */
const NATIVE_FROM_BYTES = 8 * 1024 * 1024

/** DuckDB takes 2,048 rows at once, on each thread, before it writes any: longer rows than this do not fit into memory so. */
const NATIVE_ROW_BYTES = 32 * 1024
/** And so no row may be longer than this. */
const NATIVE_LONGEST_ROW_BYTES = 256 * 1024

/** A value becomes one JavaScript string in the rows door, which ends at 512 MiB. */
const ROWS_LONGEST_VALUE_BYTES = 400 * 1024 * 1024

export interface ChosenDoor {
  readonly door: Door
  /** Why it is none that would be faster; null where there is no such, or a person wanted it so. */
  readonly why: string | null
}

/** The ways out of one snapshot, and what is known by now of those that do not work. */
export interface Doors {
  /**
   * Which one a table should take, as far as can be said before it was looked at.
   * @throws DwhError CONFIG_INVALID for one that was asked for and is not there
   */
  choose(table: TablePlan): Promise<ChosenDoor>
  /** The table on its way, through this door or the next best. */
  open(
    chosen: ChosenDoor,
    table: TablePlan,
    survey: TableSurvey | null,
    signal: AbortSignal | undefined,
  ): Promise<OpenDoor>
  /** The door to take after this one has failed with `error`; null where that would change nothing. */
  after(chosen: ChosenDoor, error: unknown): ChosenDoor | null
}

export interface OpenDoor extends ChosenDoor {
  readonly data: TableData
}

export function openDoors(snapshot: SourceSnapshot, writer: ParquetWriter): Doors {
  let nativeReason: Promise<string | null> | undefined

  function whyNotNative(): Promise<string | null> {
    nativeReason ??= snapshot.duckdbReader
      ? writer.whyNotLoaded(snapshot.duckdbReader.extension.name)
      : Promise.resolve('the source has no extension of DuckDB')
    return nativeReason
  }

  /** The next best door where this one cannot take the longest row. */
  function tooLong(door: Door, survey: TableSurvey | null): ChosenDoor | null {
    const { rowBytes = 0, valueBytes = 0 } = survey?.longest ?? {}
    if (door === 'native' && rowBytes > NATIVE_LONGEST_ROW_BYTES)
      return nextBest(`its longest row has ${rowBytes} bytes, and it takes 2,048 at once`)
    if (door === 'rows' && valueBytes > ROWS_LONGEST_VALUE_BYTES && snapshot.readBulkText)
      return nextBest(`its longest value has ${valueBytes} bytes, and a JavaScript string ends at 512 MiB`)
    return null
  }

  const nextBest = (why: string | null): ChosenDoor => ({ door: snapshot.readBulkText ? 'copy' : 'rows', why })

  return {
    async choose({ extract, table }) {
      if (extract === 'rows') return { door: 'rows', why: null }
      if (extract === 'copy') {
        if (snapshot.readBulkText) return { door: 'copy', why: null }
        throw new DwhError('CONFIG_INVALID', 'extract: copy: this source copies no text', {
          hint: 'Write extract: auto.',
        })
      }
      if (extract === 'auto' && (table.estimatedBytes ?? 0) < NATIVE_FROM_BYTES) return nextBest(null)
      const rowBytes = (table.estimatedBytes ?? 0) / Math.max(table.estimatedRows ?? 0, 1)
      if (rowBytes > NATIVE_ROW_BYTES) return nextBest('its rows are too long to take 2,048 at once')
      const why = await whyNotNative()
      if (why === null) return { door: 'native', why: null }
      if (extract === 'auto') return nextBest(why)
      throw new DwhError('CONFIG_INVALID', `extract: native: ${why}`, {
        hint: snapshot.duckdbReader?.extension.hint ?? 'Write extract: auto.',
      })
    },
    async open(chosen, { table, where }, survey, signal) {
      const options = { where: where ?? undefined, signal }
      let { door, why } = tooLong(chosen.door, survey) ?? chosen
      if (door === 'native' && survey && snapshot.duckdbReader) {
        const data = await snapshot.duckdbReader.read(table, survey, options)
        if (typeof data !== 'string') return { door, why, data }
        ;({ door, why } = nextBest(data))
      }
      const text = door === 'rows' ? undefined : snapshot.readBulkText?.(table, options)
      return text ? { door: 'copy', why, data: text } : { door: 'rows', why, data: snapshot.read(table, options) }
    },
    after({ door }, error) {
      if (door !== 'native' || !isDwhError(error, 'SOURCE_FAILED') || error.context.retryable) return null
      // where it cannot begin, it will not for the next table; what stops it in the midst is of this one
      if (error.context.connected !== true) nativeReason = Promise.resolve(error.message)
      return nextBest(error.message)
    },
  }
}
