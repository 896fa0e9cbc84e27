import { CHILDREN } from '../catalog/child-tables.ts'
import type { PgTable } from '../catalog/list-tables.ts'
import type { PgClient } from '../session/pg-client.ts'

/** A table without children, or one of the parts that hold the rows of a table with children. */
export interface Leaf {
  /** False for a table without blocks, such as a foreign table. */
  readonly heap: boolean
  readonly blocks: number
  /** Including the values stored outside the rows (TOAST). */
  readonly bytes: number
}

/** SQL conditions; undefined means all rows. */
export type Ranges = readonly [string | undefined, ...(string | undefined)[]]

/** Approximate size of a range: small, so that readers that share a table finish at about the same time. */
const RANGE_BYTES = 16 * 1024 * 1024
/** A table of fewer ranges is read in one go. */
const MIN_RANGES = 4
/** A range has the same blocks of every leaf, and of each leaf at least this much in a row. */
const LEAF_BYTES = 1024 * 1024

const LEAVES = `
  WITH RECURSIVE child AS (${CHILDREN}), tree AS (
    SELECT $1::oid AS oid UNION SELECT child.inhrelid FROM tree JOIN child ON child.inhparent = tree.oid
  )
  SELECT c.relkind IN ('r', 'm') AND a.amname = 'heap' AS heap, pg_relation_size(c.oid) / current_setting('block_size')::int AS blocks,
    pg_relation_size(c.oid) + coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0) AS bytes
  FROM tree JOIN pg_class c USING (oid) LEFT JOIN pg_am a ON a.oid = c.relam
  WHERE c.relkind <> 'p'`

/**
 * Returns conditions that divide the rows of a table by their place in the file; each row meets exactly one. Returns
 * the single condition `undefined` for a table that is small or not stored in blocks. `client` holds the lock of the
 * table, by `lockTable`. Sizes are current: later blocks contain no row of the snapshot, and no block with such a row
 * can disappear.
 * `most`: maximum number of ranges.
 */
export async function blockRanges(
  client: PgClient,
  table: PgTable,
  most: number = Number.POSITIVE_INFINITY,
): Promise<Ranges> {
  // the size when the tables were listed: a table that has grown since is read in one go
  if ((table.estimatedBytes ?? Number.POSITIVE_INFINITY) < MIN_RANGES * RANGE_BYTES) return [undefined]
  return cutBlocks(await listLeaves(client, table), most)
}

/** Lists the parts that hold the rows of a table, with their current sizes. */
export async function listLeaves(client: PgClient, { oid }: Pick<PgTable, 'oid'>): Promise<Leaf[]> {
  const { rows } = await client.query(LEAVES, [oid])
  return rows.map(({ heap, blocks, bytes }) => ({
    heap: heap === true,
    blocks: Number(blocks),
    bytes: Number(bytes),
  }))
}

/**
 * Cuts all leaves at the same block numbers, so that every range has about the same number of blocks; the last range
 * has no end.
 */
export function cutBlocks(leaves: readonly Leaf[], atMost: number = Number.POSITIVE_INFINITY): Ranges {
  const total = (what: 'blocks' | 'bytes') => leaves.reduce((sum, leaf) => sum + leaf[what], 0)
  const count = Math.min(atMost, Math.floor(total('bytes') / Math.max(RANGE_BYTES, leaves.length * LEAF_BYTES)))
  if (count < MIN_RANGES || !leaves.every((leaf) => leaf.heap)) return [undefined]
  const most = Math.max(...leaves.map((leaf) => leaf.blocks))
  const cuts = new Set(
    Array.from({ length: count - 1 }, (_, i) => blockAt(leaves, (total('blocks') * (i + 1)) / count)),
  )
  const ends = [...cuts].filter((block) => block > 0 && block < most)
  return [condition(null, ends[0] ?? null), ...ends.map((from, i) => condition(from, ends[i + 1] ?? null))]
}

/** The lowest block number below which the leaves have at least `wanted` blocks in total. */
function blockAt(leaves: readonly Leaf[], wanted: number): number {
  let [low, high] = [0, Math.max(...leaves.map((leaf) => leaf.blocks))]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (leaves.reduce((sum, leaf) => sum + Math.min(leaf.blocks, middle), 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * A ctid is the block and the number in the block, which begins at 1:
 * https://www.postgresql.org/docs/current/ddl-system-columns.html
 */
function condition(from: number | null, to: number | null): string | undefined {
  const ends = [...(from === null ? [] : [`ctid >= '(${from},0)'`]), ...(to === null ? [] : [`ctid < '(${to},0)'`])]
  return ends.length === 0 ? undefined : ends.join(' AND ')
}
