import type Cursor from 'pg-cursor'
import type { PgClient } from '../session/pg-client.ts'

/** The cells of a row. */
export type TextRow = (string | null)[]

/** A cursor that passes rows on before too many long ones have accumulated. */
export interface BoundedCursor {
  /** Asks the server for more rows. Call it only after `take` has returned the last of the rows asked for before. */
  ask(rows: number): void
  /**
   * Returns the rows received so far, as soon as all requested rows have arrived (`came` is their number since `ask`; 0
   * after the last row), or as soon as they reach `mostBytes` (`came` is null, and reading from the connection pauses
   * until the next `take`).
   */
  take(): Promise<{ readonly rows: TextRow[]; readonly came: number | null }>
  /** Discards further rows; resolves when all requested rows have arrived. */
  drain(): Promise<void>
}

/**
 * `cursor`: created with `rowMode: 'array'` and submitted to `client`. A cursor keeps all rows of a request until the
 * last one arrives, so rows that were passed on are emptied.
 */
export function boundedCursor(client: PgClient, cursor: Cursor<TextRow>, mostBytes: number): BoundedCursor {
  const { stream } = client.connection
  let gathered: TextRow[] = []
  let bytes = 0
  let paused = false
  let draining = false
  let asked: Promise<number> = Promise.resolve(0)
  let onFull = () => {}

  cursor.on('row', (row: unknown) => {
    const cells = row as TextRow
    if (draining) {
      cells.length = 0
      return
    }
    gathered.push(cells)
    for (const cell of cells) bytes += cell === null ? 1 : cell.length
    if (bytes < mostBytes || paused) return
    // rows that the connection has already received still arrive
    paused = true
    stream.pause()
    onFull()
  })

  function give(): TextRow[] {
    // an empty row in the cursor takes no memory
    const rows = gathered.map((row) => row.splice(0))
    gathered = []
    bytes = 0
    return rows
  }

  function resume(): void {
    if (!paused) return
    paused = false
    stream.resume()
  }

  return {
    ask(rows) {
      asked = cursor.read(rows).then(({ length }) => length)
      // an early exit abandons it; without this its failure would be an unhandled rejection
      asked.catch(() => {})
    },
    async take() {
      // this much may have arrived while the caller had the previous rows
      if (bytes >= mostBytes) return { rows: give(), came: null }
      resume()
      const full = new Promise<null>((resolve) => {
        onFull = () => resolve(null)
      })
      const came = await Promise.race([asked, full])
      return { rows: give(), came }
    },
    async drain() {
      draining = true
      give()
      resume()
      await asked
    },
  }
}
