-- New customers per day
-- Days in UTC; days without sign-ups have no row.
SELECT
  CAST(created_at AT TIME ZONE 'UTC' AS date) AS day,
  COUNT(*) AS new_customers,
  CAST(SUM(COUNT(*)) OVER (ORDER BY CAST(created_at AT TIME ZONE 'UTC' AS date)) AS bigint) AS customers_so_far
FROM customers
GROUP BY 1
ORDER BY day;
