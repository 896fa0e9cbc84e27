import { chmod } from 'node:fs/promises'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import {
  createDatabase,
  POSTGRES_VERSIONS,
  startTestServer,
  suiteCount,
  suiteReplay,
  temporaryFolder,
} from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { checkContainers } from './check-containers.ts'

const METHODS = ['rows', 'copy', 'native'] as const

/** Number of tables, over all versions of Postgres; the newest gets the remainder. */
const COUNT = suiteCount('conformance-containers')
const VERSIONS = COUNT < 100 ? POSTGRES_VERSIONS.slice(-1) : POSTGRES_VERSIONS
const SEED = suiteReplay().seed ?? 10_000

test.each(VERSIONS)(
  'Postgres %i: seeded tables of containers, each read in one of three ways, no difference',
  async (version) => {
    const folder = await temporaryFolder()
    await chmod(folder, 0o755)
    const server = await startTestServer({ folder, version })
    onTestFinished(() => server.stop())
    const extensionDirectory = await duckdbExtensions()
    const count = Math.ceil(COUNT / VERSIONS.length)
    const seed = SEED + VERSIONS.indexOf(version) * count
    const methods = (index: number) => [METHODS[index % METHODS.length] ?? 'rows']
    const found = await checkContainers(await createDatabase(server.url()), {
      seed,
      count,
      methods,
      extensionDirectory,
    })
    process.stdout.write(`${count} tables, seeds ${seed} to ${seed + count - 1}: ${found.length} differences\n`)
    expect(found).toEqual([])
  },
  60 * 60_000,
)
