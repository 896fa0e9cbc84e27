import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { POSTGRES_VERSIONS, type PostgresVersion, spread, suiteCount } from '@dwh/test-kit'
import { test } from 'vitest'
import { checkExact } from './check-exact.ts'
import { SCALARS } from './torture.ts'

/** Types that DuckDB's extension reads exactly: a table with only these is scanned in parallel, others are queried. */
const SCANNED =
  /^(?:bool|int\d|oid|float\d|numeric\((?:10,2|38,10)\)|text|varchar\(20\)|public\.mood|bytea|date|time|timestamp|timestamptz|uuid|jsonb?)$/

const METHODS = {
  'of every type, as rows and by COPY': (version) => checkExact(version, ['rows', 'copy']),
  'of every type, read by DuckDB': async (version) =>
    checkExact(version, ['native'], { extensionDirectory: await duckdbExtensions() }),
  'of the types that DuckDB scans': async (version) => {
    const types = SCALARS.filter(({ declared }) => SCANNED.test(declared))
    await checkExact(version, ['native'], { types, extensionDirectory: await duckdbExtensions() })
  },
} satisfies Record<string, (version: PostgresVersion) => Promise<void>>

/** Newest Postgres first, so that a smoke uses it. */
const ALL = [...POSTGRES_VERSIONS]
  .reverse()
  .flatMap((version) => Object.entries(METHODS).map(([method, check]) => ({ version, method, check })))

test.each(spread(ALL, suiteCount('conformance-values')))(
  'Postgres $version: every value comes back: $method',
  ({ version, check }) => check(version),
)
