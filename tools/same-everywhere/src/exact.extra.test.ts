import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { POSTGRES_VERSIONS, spread, suiteCount } from '@dwh/test-kit'
import { describe, test } from 'vitest'
import { checkExact } from './check-exact.ts'
import { SCALARS } from './torture.ts'

/** What DuckDB's extension reads exactly by itself: a table of these alone is scanned, in parts at once, and not queried. */
const SCANNED =
  /^(?:bool|int\d|oid|float\d|numeric\((?:10,2|38,10)\)|text|varchar\(20\)|public\.mood|bytea|date|time|timestamp|timestamptz|uuid|jsonb?)$/

/** The newest first, which a smoke takes. */
const versions = spread([...POSTGRES_VERSIONS].reverse(), suiteCount('conformance-values'))

describe.each(versions)('Postgres %i: every value comes back', (version) => {
  test('of every type, as rows and by COPY', () => checkExact(version, ['rows', 'copy']))
  test('of every type, read by DuckDB', async () => {
    await checkExact(version, ['native'], { extensionDirectory: await duckdbExtensions() })
  })
  test('of the types that DuckDB scans', async () => {
    const types = SCALARS.filter(({ declared }) => SCANNED.test(declared))
    await checkExact(version, ['native'], { types, extensionDirectory: await duckdbExtensions() })
  })
})
