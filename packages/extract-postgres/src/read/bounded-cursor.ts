import type Cursor from 'pg-cursor'
import type { PgClient } from '../session/pg-client.ts'

/** The cells of a row. */
export type TextRow = (string | null)[]

/** A cursor whose rows are given on before too many long ones have come. */
export interface BoundedCursor {
  /** Asks the server for more rows. Call it only after `take` has given the last of the rows asked for before. */
  ask(rows: number): void
  /**
   * The rows that have come, once all that were asked for are there, or once they have `mostBytes`; while the caller has them, no more are taken from the connection in the
   * second case, and `came` is null. Else it says how many have come in all since `ask`: none after the last one.
   */
  take(): Promise<{ readonly rows: TextRow[]; readonly came: number | null }>
  /** Throws away what comes from now on; resolves when all that were asked for have come. */
  drain(): Promise<void>
}

/**
 * `cursor`: with `rowMode: 'array'`, submitted to `client`. A cursor keeps all rows of one request until the last has come, so those that are given on before are taken out of it.
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
    // what is in the connection's hands by now still comes
    paused = true
    stream.pause()
    onFull()
  })

  function give(): TextRow[] {
    // without its cells, what the cursor keeps is nothing
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
      // an early exit leaves it behind; without this its failure would have no handler
      asked.catch(() => {})
    },
    async take() {
      // so much may have come while the caller had the rows before
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
