import type { PgTable } from '../catalog/list-tables.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import { whereClause } from '../read/read-rows.ts'

/** How many rows of a table the snapshot shows. */
export interface RowCount {
  readonly rows: number
  /** Those that an earlier snapshot did not show, or that may be such. */
  readonly fresh: number
}

/** Transaction ids of 64 bits that are this far apart differ in their lower 32, which are all that a row holds. */
const COMPARABLE = 2n ** 31n

/** False if too many transactions lie between two snapshots, given by their xmin and xmax. */
export function isCountable(since: string, xmax: string): boolean {
  // `age` counts back from the next id, which is less than 2^31 above xmax, since the snapshot holds vacuum back
  return BigInt(xmax) - BigInt(since) < COMPARABLE
}

/**
 * The statement that counts rows, all or those in a range. `since`: xmin of the earlier snapshot. A row visible now
 * that an older transaction wrote was visible then, since all older transactions had ended; so if there is no fresh row
 * and as many rows as then, they are the same. Both ages count back from the same id, in 32 bits: a fresh row always
 * counts as fresh, also when ids have wrapped. A frozen row keeps its id; after 2^32 transactions it may count as
 * fresh.
 */
export function countStatement(table: PgTable, since: string, range?: string): string {
  const age = (id: string) => `(pg_catalog.age(${id})::bigint & 4294967295)`
  const then = `'${BigInt.asUintN(32, BigInt(since))}'::pg_catalog.xid`
  return `SELECT count(*) AS rows, count(*) FILTER (WHERE ${age('xmin')} <= (SELECT ${age(then)})) AS fresh
    FROM ${qualifiedName(table)}${whereClause(range)}`
}

/** The answer to it. */
export function toRowCount(answer: { readonly rows: readonly { rows?: unknown; fresh?: unknown }[] }): RowCount {
  const [row] = answer.rows
  return { rows: Number(row?.rows), fresh: Number(row?.fresh) }
}
