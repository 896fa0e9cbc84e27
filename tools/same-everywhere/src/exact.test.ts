import { POSTGRES_VERSIONS } from '@dwh/test-kit'
import { test } from 'vitest'
import { checkExact } from './check-exact.ts'

test.each(POSTGRES_VERSIONS)('Postgres %i: every value of every type comes back, as rows and by COPY', (version) =>
  checkExact(version, ['rows', 'copy']),
)
