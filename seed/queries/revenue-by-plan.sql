-- Revenue by plan
-- The average is rounded in cents, where one half is exact for decimals and for floating point.
SELECT
  (c.metadata ->> 'plan') AS plan,
  COUNT(DISTINCT c.id) AS customers,
  COUNT(*) AS paid_orders,
  SUM(o.amount) AS revenue,
  CAST(ROUND(SUM(o.amount) * 100 / COUNT(*)) / 100 AS decimal(12, 2)) AS average_order
FROM orders AS o
JOIN customers AS c ON c.id = o.customer_id
WHERE o.status = 'paid'
GROUP BY 1
ORDER BY revenue DESC, plan NULLS LAST;
