-- Churn: paying customers silent for 90 days
-- Paying: on a plan that is not free. Silent: no event in the 90 days before the newest event
-- of all; a customer without any event counts from the sign-up.
WITH
today AS (
  SELECT MAX(occurred_at) AT TIME ZONE 'UTC' AS now_utc FROM events
),
seen AS (
  SELECT customer_id, MAX(occurred_at) AS last_event FROM events GROUP BY customer_id
),
paid AS (
  SELECT customer_id, SUM(amount) AS revenue FROM orders WHERE status = 'paid' GROUP BY customer_id
),
paying AS (
  SELECT c.id, c.name, (c.metadata ->> 'plan') AS plan, COALESCE(seen.last_event, c.created_at) AS last_seen
  FROM customers AS c
  LEFT JOIN seen ON seen.customer_id = c.id
  WHERE (c.metadata ->> 'plan') <> 'free'
)
SELECT
  paying.id,
  paying.name,
  paying.plan,
  paying.last_seen,
  CAST(now_utc AS date) - CAST(paying.last_seen AT TIME ZONE 'UTC' AS date) AS days_silent,
  COALESCE(paid.revenue, 0.00) AS revenue
FROM paying
CROSS JOIN today
LEFT JOIN paid ON paid.customer_id = paying.id
WHERE (paying.last_seen AT TIME ZONE 'UTC') < now_utc - INTERVAL '90 days'
ORDER BY 6 DESC, paying.id;
