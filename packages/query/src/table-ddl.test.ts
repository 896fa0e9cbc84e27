import { DuckDBInstance } from '@duckdb/node-api'
import { formatTableName, type TableEntry } from '@dwh/core'
import { expect, onTestFinished, test } from 'vitest'
import { tableDdl } from './table-ddl.ts'

const entry = (columns: TableEntry['columns'], primary_key: readonly string[] = []): TableEntry =>
  ({
    source: { name: 'default', schema: 'public', table: 'orders' },
    date: '2026-02-18',
    files: [{ key: 'orders/2026/02/18.parquet', rows: 1234, bytes: 10, sha256: '' }],
    columns,
    primary_key,
  }) as unknown as TableEntry
const column = (name: string, type: string, nullable: boolean, source_type: string | null) => ({
  ...{ name, type, nullable, source_type },
})

async function database() {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  onTestFinished(() => {
    connection.closeSync()
    instance.closeSync()
  })
  return connection
}

test('table with a key: columns aligned, types of the source beside them', () => {
  const columns = [
    column('id', 'BIGINT', false, 'bigint'),
    column('order', 'DECIMAL(10,2)', true, 'numeric(10,2)'),
    column('made up', 'JSON', true, null),
  ]
  expect(tableDdl('sales.orders', entry(columns, ['id', 'order']))).toBe(
    `-- 1,234 rows of 2026-02-18, from public.orders
CREATE TABLE sales.orders (
  id        BIGINT NOT NULL,  -- bigint
  "order"   DECIMAL(10,2),    -- numeric(10,2)
  "made up" JSON,
  PRIMARY KEY (id, "order")
);
`,
  )
})

test('every keyword of DuckDB as the name of a table and of a column: DuckDB runs the statement', async () => {
  const connection = await database()
  const keywords = await connection.runAndReadAll('SELECT DISTINCT keyword_name FROM duckdb_keywords()')
  const words = keywords.getRows().map(([word]) => String(word))
  expect(words.length).toBeGreaterThan(400)
  for (const word of [...words, 'Mixed', 'with space', 'a"b', '1st', 'ünïcode', '-- x'])
    await connection.run(
      tableDdl(
        formatTableName({ schema: 'public', name: word }),
        entry([column(word, 'INTEGER', true, 'integer')], [word]),
      ),
    )
})
