import type { PgTable } from '../catalog/list-tables.ts'
import type { Reader } from '../session/reader-pool.ts'

/** Work on a table on a reader that holds its lock; `ended` fires when the lock cannot be held any longer. */
export type OnTable<T> = (reader: Reader, table: PgTable, ended: AbortSignal) => AsyncIterable<T>
