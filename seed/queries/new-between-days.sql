-- Customers who are new between two days
-- For DuckDB, over one table's files of two days. `dwh tables --as-of DAY --json` prints their paths. Set them first:
--
--   SET VARIABLE older = 'warehouse/customers/2026/02/17.parquet';
--   SET VARIABLE newer = 'warehouse/customers/2026/02/18.parquet';
--
-- With the two paths swapped, it finds deleted customers.
SELECT
  newer.id,
  newer.email,
  (newer.metadata ->> 'plan') AS plan,
  newer.created_at
FROM read_parquet(getvariable('newer')) AS newer
ANTI JOIN read_parquet(getvariable('older')) AS older ON older.id = newer.id
ORDER BY newer.id;
