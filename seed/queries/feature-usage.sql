-- Feature usage
-- Only some events have the duration of the use.
SELECT
  (payload ->> 'feature') AS feature,
  COUNT(*) AS uses,
  COUNT(DISTINCT customer_id) AS customers,
  SUM(CAST((payload ->> 'seconds') AS decimal(10, 2))) AS known_seconds,
  MAX(occurred_at) AS last_used
FROM events
WHERE type = 'feature_used'
GROUP BY 1
ORDER BY uses DESC, feature NULLS LAST;
