import { testDatabase, withClient } from '@dwh/test-kit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { listTables, type PgTable } from '../index.ts'
import { blockRanges, cutBlocks } from './block-ranges.ts'

const MIB = 1024 * 1024

const heap = (blocks: number, bytes = blocks * 8192) => ({ heap: true, blocks, bytes })

/** Returns the first block of a range, and the first block after it. */
function ends(range: string | undefined): [number, number] {
  const [from, to] = [/>= '\((\d+),0\)'/, /< '\((\d+),0\)'/].map((pattern) => pattern.exec(range ?? '')?.[1])
  return [Number(from ?? 0), to === undefined ? Number.POSITIVE_INFINITY : Number(to)]
}

test('ranges: contiguous from the first block past the last, similar in size', () => {
  const leaf = fc.record({ heap: fc.constant(true), blocks: fc.nat(20_000), bytes: fc.nat(2 ** 30) })
  fc.assert(
    fc.property(fc.array(leaf, { minLength: 1, maxLength: 6 }), (leaves) => {
      const ranges = cutBlocks(leaves).map(ends)
      expect(ranges[0]?.[0]).toBe(0)
      expect(ranges.at(-1)?.[1]).toBe(Number.POSITIVE_INFINITY)
      for (const [i, [from, to]] of ranges.entries()) {
        expect(to).toBeGreaterThan(from)
        if (i > 0) expect(from).toBe(ranges[i - 1]?.[1])
      }
      const blocks = ([from, to]: [number, number]) =>
        leaves.reduce((sum, leaf) => sum + Math.max(0, Math.min(leaf.blocks, to) - from), 0)
      const total = blocks([0, Number.POSITIVE_INFINITY])
      for (const range of ranges) expect(blocks(range)).toBeLessThanOrEqual(total / ranges.length + leaves.length)
    }),
  )
})

test.each([
  ['63 MiB', [heap((63 * MIB) / 8192)], 1],
  ['64 MiB', [heap((64 * MIB) / 8192)], 4],
  ['64 MiB beside a foreign table', [heap((64 * MIB) / 8192), { heap: false, blocks: 0, bytes: 0 }], 1],
  ['a few blocks, and large values outside them', [heap(10, 1024 * MIB)], 10],
  ['nothing', [heap(0)], 1],
  ['a thousand leaves of 8 MiB: at least 1 MiB of each at a time', Array(1000).fill(heap(1024)), 8],
  ['a terabyte', [heap(2 ** 27)], 65536],
])('%s', (_, leaves, count) => {
  expect(cutBlocks(leaves)).toHaveLength(count)
})

const LARGE = `repeat('x', 1000) AS t FROM generate_series(1, 70000) i`

test('ranges: for tables, partitions and children together, materialized views', async () => {
  const database = await testDatabase(`
    CREATE TABLE plain AS SELECT i, ${LARGE};
    CREATE MATERIALIZED VIEW mv AS SELECT * FROM plain;
    CREATE VIEW v AS SELECT * FROM plain;
    CREATE TABLE parts (i int, t text) PARTITION BY LIST (i);
    CREATE TABLE p0 (t text, gone int, i int); ALTER TABLE p0 DROP gone; ALTER TABLE parts ATTACH PARTITION p0 FOR VALUES IN (0);
    CREATE TABLE p1 PARTITION OF parts FOR VALUES IN (1) PARTITION BY LIST (i); CREATE TABLE p1a PARTITION OF p1 FOR VALUES IN (1);
    INSERT INTO parts SELECT i % 2, t FROM plain;
    CREATE TABLE parent (i int, t text); CREATE TABLE child (more int) INHERITS (parent);
    INSERT INTO parent SELECT i, t FROM plain WHERE i <= 40000; INSERT INTO child SELECT i, t FROM plain WHERE i > 40000;
    CREATE TABLE toasted AS SELECT i, (SELECT string_agg(md5((i * 1000 + j)::text), '') FROM generate_series(1, 2000) j) AS t FROM generate_series(1, 1500) i;
    CREATE TABLE holes AS SELECT * FROM plain; DELETE FROM holes WHERE i % 70000 <> 7; CREATE TABLE nothing (i int, t text)`)
  await withClient(database.url, async (client) => {
    const tables = new Map((await listTables(client)).map((table) => [table.name, table]))
    for (const [name, cut] of Object.entries({
      plain: true,
      mv: true,
      v: false,
      parts: true,
      parent: true,
      toasted: true,
      holes: true,
      nothing: false,
    })) {
      const ranges = await blockRanges(client, tables.get(name) as PgTable)
      expect([name, ranges.length > 1]).toEqual([name, cut])
      const counts: number[] = []
      for (const range of ranges) {
        const query = `FROM ${name} WHERE ${range ?? true}`
        counts.push((await client.query(`SELECT count(*)::int AS n ${query}`)).rows[0].n)
        const plan = await client.query(`EXPLAIN SELECT * ${query}`)
        if (cut) expect(JSON.stringify(plan.rows)).not.toMatch(/Seq Scan on (plain|mv|p0|p1a|toasted|holes)/)
      }
      const { rows } = await client.query(`SELECT count(*)::int AS n FROM ${name}`)
      expect(counts.reduce((sum, n) => sum + n, 0)).toBe(rows[0].n)
      if (cut && name !== 'holes') expect(Math.max(...counts)).toBeLessThan(0.5 * rows[0].n)
    }
  })
})
