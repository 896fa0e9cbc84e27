import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { startTestServer } from '@dwh/test-kit/server'
import pg from 'pg'

const folder = await mkdtemp('/tmp/hand-')
await chmod(folder, 0o755)
const server = await startTestServer({ folder: `${folder}/postgres`, settings: { max_wal_size: '8GB' } })
const client = new pg.Client({ connectionString: server.url() })
await client.connect()
await client.query(`CREATE TABLE narrow AS SELECT i::bigint AS id, (i % 1000)::int AS n, 'customer ' || md5(i::text) AS t,
        jsonb_build_object('plan', 'pro', 'n', i) AS doc, timestamptz '2026-01-01' + i * interval '1 second' AS at
      FROM generate_series(1, 2000000) i; ANALYZE narrow`)
await client.end()
await writeFile('/tmp/hand.url', server.url())
await new Promise((r) => process.once('SIGTERM', r))
await server.stop()
