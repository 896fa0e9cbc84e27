-- Top ten customers by revenue
SELECT
  c.id,
  c.name,
  c.country,
  (c.metadata ->> 'plan') AS plan,
  COUNT(*) AS paid_orders,
  SUM(o.amount) AS revenue
FROM orders AS o
JOIN customers AS c ON c.id = o.customer_id
WHERE o.status = 'paid'
GROUP BY c.id, c.name, c.country, 4
ORDER BY revenue DESC, c.id
LIMIT 10;
