import { configOf, SETTINGS } from '@dwh/config'
import { expect, test } from 'vitest'
import { DEFAULT_LOCK_TIMEOUT_MS } from '../../../packages/extract-postgres/src/session/session.ts'
import { DEFAULT_MAX_AGE_MS } from '../../../packages/extract-postgres/src/session/snapshot-age.ts'
import { DEFAULT_PARALLEL } from '../../../packages/extract-postgres/src/snapshot-reader.ts'
import { selectTables } from '../../../packages/pipeline/src/select-tables.ts'
import { DEFAULT_CACHE_BYTES } from '../../../packages/query/src/cached-files.ts'
import { DEFAULT_PARALLEL_PARTS, DEFAULT_PART_BYTES } from '../../../packages/storage/src/s3-options.ts'

const listed = (key: string) => SETTINGS.find((setting) => setting.key === key)?.default

test('a package used alone: has the defaults of the list of settings', async () => {
  const config = await configOf({}, { env: {}, cwd: '/nowhere', home: '/nowhere', tmp: '/nowhere' })
  expect(config).toMatchObject({
    parallel: DEFAULT_PARALLEL,
    lockTimeoutMs: DEFAULT_LOCK_TIMEOUT_MS,
    maxSnapshotAgeMs: DEFAULT_MAX_AGE_MS,
    cacheBytes: DEFAULT_CACHE_BYTES,
  })
  const given = await configOf(
    { s3: { part_size: listed('s3.part_size'), parallel_parts: listed('s3.parallel_parts') } as never },
    { env: {}, cwd: '/nowhere', home: '/nowhere', tmp: '/nowhere' },
  )
  expect(given.s3).toMatchObject({ part_size: DEFAULT_PART_BYTES, parallel_parts: DEFAULT_PARALLEL_PARTS })
  const table = { schema: 'public', name: 't', columns: [{ name: 'i', type: 'INTEGER' as const }] }
  expect(selectTables([table], {}).selected).toMatchObject([{ extract: listed('extract'), verify: listed('verify') }])
})
