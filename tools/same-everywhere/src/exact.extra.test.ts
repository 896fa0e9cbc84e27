import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { POSTGRES_VERSIONS } from '@dwh/test-kit'
import { describe, test } from 'vitest'
import { checkExact } from './check-exact.ts'
import { SCALARS } from './torture.ts'

/** What DuckDB's extension reads exactly by itself: a table of these alone is scanned, in parts at once, and not queried. */
const SCANNED =
  /^(?:bool|int\d|oid|float\d|numeric\((?:10,2|38,10)\)|text|varchar\(20\)|public\.mood|bytea|date|time|timestamp|timestamptz|uuid|jsonb?)$/

describe.each(POSTGRES_VERSIONS)('Postgres %i, read by DuckDB: every value comes back', (version) => {
  test('of every type', async () => {
    await checkExact(version, ['native'], { extensionDirectory: await duckdbExtensions() })
  })
  test('of the types that it scans', async () => {
    const types = SCALARS.filter(({ declared }) => SCANNED.test(declared))
    await checkExact(version, ['native'], { types, extensionDirectory: await duckdbExtensions() })
  })
})
