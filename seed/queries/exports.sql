-- Exports by format
-- A failed export has an error; its rows do not count.
WITH
exports AS (
  SELECT
    (payload ->> 'format') AS format,
    customer_id,
    ((payload -> 'error') ->> 'code') AS error,
    CAST((payload ->> 'rows') AS bigint) AS exported
  FROM events
  WHERE type = 'export'
)
SELECT
  format,
  COUNT(*) AS exports,
  COUNT(error) AS failed,
  COUNT(DISTINCT customer_id) AS customers,
  CAST(SUM(exported) FILTER (WHERE error IS NULL) AS bigint) AS exported_rows,
  MAX(exported) FILTER (WHERE error IS NULL) AS largest
FROM exports
GROUP BY format
ORDER BY 2 DESC, format NULLS LAST;
