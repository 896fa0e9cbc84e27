-- Customers, their orders and their events from 2025-01-01 to 2026-02-28 (UTC). Each value is computed from an md5 of
-- the seed number, its column and its row, so the same number gives the same rows on every machine and version of
-- Postgres.
--
--   seed.number  number of the example (1)
--   seed.scale   multiple of 50 customers (1)

SET client_encoding = 'UTF8';

-- Returns a whole number from 0 to sides - 1.
CREATE FUNCTION pg_temp.dice(place text, row_key text, sides bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT ('x' || left(md5(COALESCE(NULLIF(current_setting('seed.number', true), ''), '1') || '/' || place || '/' || row_key), 12))::bit(48)::bigint % sides
$$;

CREATE FUNCTION pg_temp.pick(place text, row_key text, choices text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT choices[1 + pg_temp.dice(place, row_key, cardinality(choices))]
$$;

-- Returns the time at a share (0 to 1) of the period. In microseconds, since the length of a day depends on the
-- session's time zone.
CREATE FUNCTION pg_temp.along(start timestamptz, finish timestamptz, share double precision) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT start + floor(share * 1000000 * extract(epoch FROM finish - start)::double precision) * '1 microsecond'::interval
$$;

-- Returns the time by which a share of all activity has happened; the rate at the end of the 14 months is three times
-- the rate at their start. It uses the square root, since every machine rounds that alike.
CREATE FUNCTION pg_temp.moment(share double precision) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT pg_temp.along('2025-01-01T00:00:00Z', '2026-03-01T00:00:00Z', (sqrt(1 + 8 * share) - 1) / 2)
$$;

-- Of every ten customers four are on free, three on starter, two on pro and one on enterprise.
WITH
draws AS (
  SELECT row_number() OVER (ORDER BY place, draw) AS n, pg_temp.moment(place / (2 + count(*) OVER ())) AS created_at
  FROM (
    SELECT draw, draw - 1 + pg_temp.dice('customers.created_at', draw::text, 3000000000) / 1e9 AS place
    FROM generate_series(1, 50 * COALESCE(NULLIF(current_setting('seed.scale', true), ''), '1')::bigint) AS draw
  ) AS drawn
),
signups AS (
  SELECT n, n::text AS k, created_at,
    (ARRAY['free', 'free', 'free', 'free', 'starter', 'starter', 'starter', 'pro', 'pro', 'enterprise'])[
      row_number() OVER (PARTITION BY (n - 1) / 10 ORDER BY pg_temp.dice('customers.plan', n::text, 1000000), n)] AS plan,
    1 + pg_temp.dice('customers.given', n::text, 20) AS given,
    1 + pg_temp.dice('customers.family', n::text, 20) AS family
  FROM draws
)
INSERT INTO customers (email, name, country, metadata, created_at)
SELECT
  (ARRAY['ada', 'amina', 'bjorn', 'chen', 'chloe', 'diego', 'elif', 'fatima', 'grace', 'hana',
         'ivan', 'jose', 'kofi', 'lukasz', 'mei', 'noor', 'olga', 'priya', 'sam', 'zoe'])[given]
    || '.' || k || '@example.' || pg_temp.pick('customers.domain', k, ARRAY['com', 'net', 'org']),
  (ARRAY['Ada', 'Amina', 'Björn', 'Chen', 'Chloé', 'Diego', 'Elif', 'Fatima', 'Grace', 'Hana',
         'Ivan', 'José', 'Kofi', 'Łukasz', 'Mei', 'Noor', 'Olga', 'Priya', 'Sam', 'Zoë'])[given]
    || ' ' ||
  (ARRAY['Adeyemi', 'Andersson', 'Çelik', 'Costa', 'Dubois', 'García', 'Haddad', 'Ivanova', 'Jensen', 'Kim',
         'Müller', 'Nguyễn', 'Novák', 'O''Brien', 'Okafor', 'Patel', 'Rossi', 'Sato', 'Smith', '王'])[family],
  pg_temp.pick('customers.country', k, ARRAY['US', 'US', 'US', 'GB', 'GB', 'DE', 'DE', 'FR', 'IN', 'BR', 'JP', 'NG', 'PL', NULL]),
  jsonb_build_object('plan', plan)
    || CASE plan
         WHEN 'starter' THEN jsonb_build_object('seats', 1 + pg_temp.dice('customers.seats', k, 5))
         WHEN 'pro' THEN jsonb_build_object('seats', 3 + pg_temp.dice('customers.seats', k, 18))
         WHEN 'enterprise' THEN jsonb_build_object('seats', 20 + pg_temp.dice('customers.seats', k, 61), 'sso', true)
         ELSE '{}'
       END
    || CASE WHEN plan <> 'free' THEN jsonb_build_object('billing', jsonb_build_object(
         'cycle', CASE WHEN plan = 'enterprise' THEN 'monthly' ELSE pg_temp.pick('customers.cycle', k, ARRAY['monthly', 'monthly', 'monthly', 'yearly']) END,
         'vat_id', CASE WHEN pg_temp.dice('customers.vat', k, 3) = 0 THEN 'EU' || (100000000 + pg_temp.dice('customers.vat_id', k, 900000000)) END))
         ELSE '{}' END
    || CASE WHEN plan <> 'free' OR pg_temp.dice('customers.company', k, 4) = 0 THEN jsonb_build_object('company', jsonb_build_object(
         'industry', pg_temp.pick('customers.industry', k, ARRAY['education', 'finance', 'health', 'media', 'retail', 'software']),
         'size', 2 + pg_temp.dice('customers.size', k, 500)))
         ELSE '{}' END
    || CASE pg_temp.dice('customers.tags', k, 4)
         WHEN 0 THEN '{"tags": ["beta"]}'::jsonb
         WHEN 1 THEN '{"tags": ["beta", "newsletter"]}'
         WHEN 2 THEN '{"tags": []}'
         ELSE '{}'
       END
    || CASE WHEN pg_temp.dice('customers.referrer', k, 3) = 0
         THEN jsonb_build_object('referrer', pg_temp.pick('customers.referrer_name', k, ARRAY['friend', 'podcast', 'search', NULL]))
         ELSE '{}' END,
  created_at
FROM signups
ORDER BY n;

-- Until when each customer is active. Of every ten, one free and two paying customers fall silent, if they signed up
-- early enough. No customers if there are orders: psql continues after an error, so a second run of this file alone
-- gets here and must add nothing.
CREATE TABLE pg_temp.seed_stays AS
SELECT id, id::text AS k, plan, metadata, created_at, fell_silent,
  CASE WHEN fell_silent
    THEN pg_temp.along(created_at + interval '720 hours', last_silence, pg_temp.dice('customers.silent_at', id::text, 1000000) / 1e6)
    ELSE '2026-03-01T00:00:00Z'
  END AS until
FROM (
  SELECT id, metadata ->> 'plan' AS plan, metadata, created_at, last_silence,
    created_at < last_silence - interval '1080 hours'
      AND row_number() OVER (PARTITION BY (id - 1) / 10, metadata ->> 'plan' = 'free' ORDER BY pg_temp.dice('customers.silent', id::text, 1000000), id)
        <= CASE WHEN metadata ->> 'plan' = 'free' THEN 1 ELSE 2 END AS fell_silent
  -- 95 days before the end
  FROM customers, (VALUES ('2025-11-26T00:00:00Z'::timestamptz)) AS latest (last_silence)
  WHERE NOT EXISTS (SELECT FROM orders)
) AS chosen;

-- Without it the planner expects far more rows, and JIT compilation takes longer than the queries.
ANALYZE pg_temp.seed_stays;

-- After a trial of three weeks, one order per month or year while the customer is active, and up to 35 days longer;
-- free customers have a small order now and then.
WITH
bills AS (
  SELECT plan, i, k || '/' || i AS bill, id AS customer_id,
    CASE WHEN cycle = 'yearly' THEN 10 ELSE 1 END * COALESCE((metadata ->> 'seats')::bigint, 0)
      * CASE plan WHEN 'starter' THEN 1900 WHEN 'pro' THEN 4900 WHEN 'enterprise' THEN 7900 ELSE 0 END AS seats_cents,
    ((first_at AT TIME ZONE 'UTC') + i * CASE WHEN cycle = 'yearly' THEN interval '1 year' ELSE interval '1 month' END) AT TIME ZONE 'UTC'
      + pg_temp.dice('orders.created_at', k || '/' || i, 3600000000) * '1 microsecond'::interval AS created_at,
    CASE WHEN fell_silent THEN until + interval '840 hours' ELSE until END AS until
  FROM pg_temp.seed_stays
  CROSS JOIN LATERAL (SELECT created_at + interval '504 hours' AS first_at, metadata -> 'billing' ->> 'cycle' AS cycle) AS terms
  CROSS JOIN generate_series(0, 13) AS i
  WHERE plan <> 'free' OR pg_temp.dice('orders.extra', k || '/' || i, 12) = 0
)
INSERT INTO orders (customer_id, amount, status, created_at)
SELECT customer_id,
  round((seats_cents + CASE
    WHEN plan = 'free' THEN 900 + 500 * pg_temp.dice('orders.extra_size', bill, 3)
    WHEN pg_temp.dice('orders.overage', bill, 3) = 0 THEN pg_temp.dice('orders.overage_cents', bill, 10000)
    ELSE 0
  END) / 100.0, 2),
  (CASE
    WHEN created_at > '2026-02-26T00:00:00Z' OR pg_temp.dice('orders.status', bill, 100) < 3 THEN 'pending'
    WHEN pg_temp.dice('orders.status', bill, 100) < 10 THEN 'refunded'
    ELSE 'paid'
  END)::order_status,
  created_at
FROM bills
WHERE created_at < until AND created_at < '2026-03-01T00:00:00Z'
ORDER BY created_at, customer_id, i;

-- Events spread over each customer's active time, the first one a login, and page views of visitors.
WITH
moments AS (
  SELECT id AS customer_id, i, k || '/' || i AS event,
    pg_temp.along(created_at, until, (i - 1 + pg_temp.dice('events.occurred_at', k || '/' || i, 1000000) / 1e6) / total) AS occurred_at,
    CASE WHEN i = 1 THEN 1 ELSE pg_temp.dice('events.type', k || '/' || i, 100) END AS chance
  FROM pg_temp.seed_stays
  CROSS JOIN LATERAL (
    SELECT 1 + (extract(epoch FROM until - created_at)::bigint
      * CASE plan WHEN 'free' THEN 15 WHEN 'starter' THEN 20 WHEN 'pro' THEN 30 ELSE 50 END) / (10 * 30 * 86400) AS total
  ) AS counted
  CROSS JOIN generate_series(1, total) AS i
  UNION ALL
  SELECT NULL, i, 'visitor/' || i,
    pg_temp.moment((i - 1 + pg_temp.dice('events.occurred_at', 'visitor/' || i, 1000000) / 1e6) / (count(*) OVER ())), 99
  FROM generate_series(1, (SELECT count(*) FROM pg_temp.seed_stays) * 6 / 5) AS i
),
typed AS (
  SELECT *, CASE
    WHEN chance < 20 THEN 'login'
    WHEN chance < 25 THEN 'invite'
    WHEN chance < 35 THEN 'export'
    WHEN chance < 67 THEN 'feature_used'
    ELSE 'page_view'
  END AS type
  FROM moments
)
INSERT INTO events (customer_id, type, payload, occurred_at)
SELECT customer_id, type,
  CASE type
    WHEN 'login' THEN
      -- some events have no payload
      CASE WHEN pg_temp.dice('events.login', event, 6) > 0 THEN jsonb_build_object(
        'method', pg_temp.pick('events.method', event, ARRAY['password', 'password', 'google', 'sso']),
        'device', jsonb_build_object(
          'os', pg_temp.pick('events.os', event, ARRAY['android', 'ios', 'linux', 'mac', 'windows']),
          'mobile', pg_temp.dice('events.mobile', event, 3) = 0))
      END
    WHEN 'invite' THEN jsonb_build_object(
      'role', pg_temp.pick('events.role', event, ARRAY['admin', 'editor', 'viewer']),
      'emails', pg_temp.pick('events.emails', event, ARRAY['["kim@example.com"]', '["kim@example.com", "robin@example.net"]', '[]'])::jsonb)
    WHEN 'export' THEN jsonb_build_object(
      'format', pg_temp.pick('events.format', event, ARRAY['csv', 'csv', 'csv', 'json', 'parquet', 'xlsx']),
      'rows', pg_temp.dice('events.rows', event, 500) * pg_temp.dice('events.times', event, 400))
      || CASE WHEN pg_temp.dice('events.failed', event, 8) = 0 THEN '{"error": {"code": "timeout", "retryable": true}}'::jsonb ELSE '{}' END
    WHEN 'feature_used' THEN jsonb_build_object(
      'feature', pg_temp.pick('events.feature', event,
        ARRAY['dashboards', 'dashboards', 'dashboards', 'alerts', 'alerts', 'search', 'search', 'sharing', 'comments', 'api']))
      || CASE WHEN pg_temp.dice('events.details', event, 2) = 0
           THEN jsonb_build_object('seconds', round(pg_temp.dice('events.seconds', event, 60000) / 100.0, 2))
           ELSE '{}' END
    ELSE jsonb_build_object(
      'path', pg_temp.pick('events.path', event, ARRAY['/', '/', '/pricing', '/docs', '/docs/start', '/blog/größer']),
      'referrer', pg_temp.pick('events.referrer', event, ARRAY['https://news.example.org/?q=a%20b', 'https://search.example.com/', NULL]))
  END,
  occurred_at
FROM typed
ORDER BY occurred_at, customer_id, i;

DROP TABLE pg_temp.seed_stays;
DROP FUNCTION pg_temp.moment(double precision), pg_temp.along(timestamptz, timestamptz, double precision);
DROP FUNCTION pg_temp.pick(text, text, text[]), pg_temp.dice(text, text, bigint);
ANALYZE customers, orders, events;
