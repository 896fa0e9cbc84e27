import type { BulkText } from '@dwh/core'
import type { PgTable } from '../catalog/list-tables.ts'
import type { Reader } from '../session/reader-pool.ts'
import type { Ranges } from './block-ranges.ts'
import { copyTable } from './copy-table.ts'
import { rowMerge } from './merge-rows.ts'

/** Work on a reader that holds the lock of the table. */
export type OnReader = (reader: Reader) => AsyncIterable<Uint8Array>

export interface CopyRangesOptions {
  /** Conditions; each row to copy meets exactly one of them. */
  readonly ranges: Ranges
  /** True if a reader is free. */
  free(): boolean
  /** Does the work on a free reader; yields nothing if there is none any more. */
  help(work: OnReader, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** True while another table waits for a reader. */
  contended(): boolean
}

/** Another reader that copies ranges of the table, or is about to. */
interface Helper {
  readonly ends: AbortController
  begun: boolean
}

/**
 * Copies a table in ranges. Each reader takes the next range when it has finished one: `reader`, and others as they
 * become free, until another table waits for them. The text of all ranges is one stream, row by row as it arrives. A
 * helper that cannot start is not a failure; a helper that fails later fails the copy.
 * @throws what `copyTable` throws
 */
export function copyRanges(reader: Reader, table: PgTable, options: CopyRangesOptions): BulkText {
  const { ranges, free, help, contended } = options
  const helpers = new Set<Helper>()
  let next = 0
  let alone = false
  let sent = 0

  async function* copy(by: Reader, conditions: Iterable<string | undefined>): AsyncGenerator<Uint8Array> {
    for (const where of conditions) {
      const part = copyTable(by.client, table, { where, drop: by.last ? undefined : by.destroy, waiting: by.waiting })
      yield* part.bulkText
      sent += part.sent()
    }
  }

  function endHelpers(which: (helper: Helper) => boolean): void {
    for (const helper of helpers) if (which(helper)) helper.ends.abort()
  }

  /** Yields the ranges that no reader has taken yet; each reader asks for help before it starts a range. */
  function* untaken(helping: boolean): Generator<string | undefined> {
    while (next < ranges.length && !(helping && contended())) {
      const range = ranges[next]
      next += 1
      if (!alone && next < ranges.length && free()) merged.add(helper())
      yield range
    }
    if (next === ranges.length) endHelpers(({ begun }) => !begun)
  }

  async function* helper(): AsyncGenerator<Uint8Array> {
    const self: Helper = { ends: new AbortController(), begun: false }
    helpers.add(self)
    try {
      yield* help((by) => {
        self.begun = true
        return copy(by, untaken(true))
      }, self.ends.signal)
    } catch (error) {
      // a helper that gets no connection or no lock is not needed
      if (self.begun) throw error
      alone = true
    } finally {
      helpers.delete(self)
    }
  }

  const merged = rowMerge(() => {
    endHelpers(() => true)
    reader.destroy()
  })

  function inRanges(): AsyncGenerator<Uint8Array> {
    merged.add(copy(reader, untaken(false)))
    return merged.rows()
  }

  return { bulkText: ranges.length === 1 ? copy(reader, ranges) : inRanges(), sent: () => sent }
}
