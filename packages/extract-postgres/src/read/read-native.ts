import { randomBytes } from 'node:crypto'
import { DwhError, formatTableName, type NativeData, type NativeQuery, type TableProfile } from '@dwh/core'
import type pg from 'pg'
import type { PgTable } from '../catalog/list-tables.ts'
import { endSessions } from '../session/end-sessions.ts'
import { blockRanges } from './block-ranges.ts'
import { MOST_RANGES, type NativeQueryOptions, nativeQuery, whyNotNative } from './native-query.ts'
import type { OnTable } from './on-table.ts'

export interface ReadNativeOptions {
  readonly profile: TableProfile
  /** Name of our own sessions. */
  readonly applicationName: string
  /**
   * Connection string for DuckDB, with an application name; null if the connection cannot be shared with another
   * program.
   */
  conninfo(name: string): string | null
  readonly join: Omit<NativeQueryOptions, 'conninfo'>
  another(): Promise<pg.Client>
  /** Runs work on a reader that holds the lock of the table. */
  onReader<T>(work: OnTable<T>): AsyncIterable<T>
}

/** Prepares a table for DuckDB to read by itself, under a lock of ours; returns the reason if it cannot. */
export function readNative(table: PgTable, options: ReadNativeOptions): NativeData | string {
  const { profile, join, another, onReader } = options
  // a unique name, to find and end the sessions of DuckDB
  const name = `${options.applicationName.slice(0, 40)} ${randomBytes(6).toString('hex')}`
  const conninfo = options.conninfo(name)
  if (conninfo === null) return 'its connection has settings that DuckDB cannot use'
  const why = whyNotNative(table, profile)
  if (why !== null) return why

  function natively<T>(work: (query: NativeQuery, ended: AbortSignal) => Promise<T>): OnTable<T> {
    return async function* ({ client, waiting }, locked, ended) {
      const ranges = await blockRanges(client, locked, MOST_RANGES)
      // from here on the connection only holds the lock
      waiting.now = false
      const stop = () => void endSessions(another, name)
      ended.addEventListener('abort', stop)
      try {
        const done = await work(nativeQuery(locked, ranges, { ...join, conninfo: conninfo as string }), ended)
        // after that the lock was lost, and a query that began later may have read another table
        ended.throwIfAborted()
        yield done
      } finally {
        ended.removeEventListener('abort', stop)
      }
    }
  }

  return {
    sent: () => profile.proof.rows,
    async native(work) {
      for await (const done of onReader(natively(work))) return done
      throw new DwhError('SOURCE_FAILED', `${formatTableName(table)}: not read`)
    },
  }
}
