-- Revenue by month
-- Paid amounts in the month (UTC) of the order, and refunds beside them.
SELECT
  CAST(date_trunc('month', created_at AT TIME ZONE 'UTC') AS date) AS month,
  COUNT(*) FILTER (WHERE status = 'paid') AS paid_orders,
  COALESCE(SUM(amount) FILTER (WHERE status = 'paid'), 0.00) AS revenue,
  COALESCE(SUM(amount) FILTER (WHERE status = 'refunded'), 0.00) AS refunded
FROM orders
GROUP BY 1
ORDER BY month;
