import type { PgTable } from '../catalog/list-tables.ts'
import type { Reader } from '../session/reader-pool.ts'

/** What is done with a table on a reader that has its lock; `ended` fires when that cannot be held any longer. */
export type OnTable<T> = (reader: Reader, table: PgTable, ended: AbortSignal) => AsyncIterable<T>
