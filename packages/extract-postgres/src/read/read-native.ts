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
  /** Of our own sessions. */
  readonly applicationName: string
  /** How DuckDB connects, under a name; null where that is not for others. */
  conninfo(name: string): string | null
  readonly join: Omit<NativeQueryOptions, 'conninfo'>
  another(): Promise<pg.Client>
  /** By whose lock the table stays what it is. */
  onReader<T>(work: OnTable<T>): AsyncIterable<T>
}

/** A table for DuckDB to read by itself, under a lock of ours; or why it cannot. */
export function readNative(table: PgTable, options: ReadNativeOptions): NativeData | string {
  const { profile, join, another, onReader } = options
  // a name of their own, by which DuckDB's sessions can be found and ended
  const name = `${options.applicationName.slice(0, 40)} ${randomBytes(6).toString('hex')}`
  const conninfo = options.conninfo(name)
  if (conninfo === null) return 'its connection has settings that are not for others'
  const why = whyNotNative(table, profile)
  if (why !== null) return why

  function natively<T>(work: (query: NativeQuery, ended: AbortSignal) => Promise<T>): OnTable<T> {
    return async function* ({ client, waiting }, locked, ended) {
      const ranges = await blockRanges(client, locked, MOST_RANGES)
      // the connection only holds the lock from here on
      waiting.now = false
      const stop = () => void endSessions(another, name)
      ended.addEventListener('abort', stop)
      try {
        const done = await work(nativeQuery(locked, ranges, { ...join, conninfo: conninfo as string }), ended)
        // from then on the lock was not ours, and a query that began later may have read another table
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
