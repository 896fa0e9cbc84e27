import { CHILDREN } from '../catalog/child-tables.ts'
import type { PgTable } from '../catalog/list-tables.ts'
import type { PgClient } from '../session/pg-client.ts'

/** A table without children, or one of the parts that hold the rows of a table with such. */
export interface Leaf {
  /** False for what has no blocks, such as a foreign table. */
  readonly heap: boolean
  readonly blocks: number
  /** With what is stored beside the rows (TOAST). */
  readonly bytes: number
}

/** SQL conditions; undefined: all rows. */
export type Ranges = readonly [string | undefined, ...(string | undefined)[]]

/** What one copy of a range reads, about: so little that those who share a table end nearly together. */
const RANGE_BYTES = 16 * 1024 * 1024
/** Below so many ranges a table is read in one go. */
const MIN_RANGES = 4
/** A range takes the same blocks of every leaf: of each at least so many at a stretch. */
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
 * Conditions that part the rows of a table by where they are stored, each row meeting exactly one; the one condition `undefined` for a table that is small or not stored in blocks. `client` has locked the
 * table, by `lockTable`. The sizes are those of now: blocks that come later hold no row of the snapshot, and none that holds one can go.
 * `most`: no more than so many.
 */
export async function blockRanges(
  client: PgClient,
  table: PgTable,
  most: number = Number.POSITIVE_INFINITY,
): Promise<Ranges> {
  // as it was when the tables were listed: one that has grown since is read in one go
  if ((table.estimatedBytes ?? Number.POSITIVE_INFINITY) < MIN_RANGES * RANGE_BYTES) return [undefined]
  return cutBlocks(await listLeaves(client, table), most)
}

/** The parts that hold the rows of a table, as they are now. */
export async function listLeaves(client: PgClient, { oid }: Pick<PgTable, 'oid'>): Promise<Leaf[]> {
  const { rows } = await client.query(LEAVES, [oid])
  return rows.map(({ heap, blocks, bytes }) => ({
    heap: heap === true,
    blocks: Number(blocks),
    bytes: Number(bytes),
  }))
}

/** Cuts all leaves at the same block numbers, so that every range has about as many blocks; the last range is open. */
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

/** The least block number below which the leaves have at least so many blocks. */
function blockAt(leaves: readonly Leaf[], wanted: number): number {
  let [low, high] = [0, Math.max(...leaves.map((leaf) => leaf.blocks))]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (leaves.reduce((sum, leaf) => sum + Math.min(leaf.blocks, middle), 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}

/** https://www.postgresql.org/docs/current/ddl-system-columns.html: a row's place is its block and its number in it, which begins at 1. */
function condition(from: number | null, to: number | null): string | undefined {
  const ends = [...(from === null ? [] : [`ctid >= '(${from},0)'`]), ...(to === null ? [] : [`ctid < '(${to},0)'`])]
  return ends.length === 0 ? undefined : ends.join(' AND ')
}
