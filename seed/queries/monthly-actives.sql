-- Monthly active customers
-- Customers with at least one event in the month (UTC). Visitors have no customer_id and do not count.
SELECT
  CAST(date_trunc('month', occurred_at AT TIME ZONE 'UTC') AS date) AS month,
  COUNT(DISTINCT customer_id) AS active_customers,
  COUNT(customer_id) AS their_events
FROM events
GROUP BY 1
ORDER BY month;
