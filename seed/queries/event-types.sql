-- Event types
SELECT
  type,
  COUNT(*) AS total,
  CAST(ROUND(COUNT(*) * 1000.0 / SUM(COUNT(*)) OVER ()) / 10 AS decimal(4, 1)) AS percent,
  COUNT(*) FILTER (WHERE customer_id IS NULL) AS by_visitors,
  COUNT(*) FILTER (WHERE payload IS NULL) AS without_payload,
  MIN(occurred_at) AS first_at,
  MAX(occurred_at) AS last_at
FROM events
GROUP BY type
ORDER BY total DESC, type;
