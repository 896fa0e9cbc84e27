import { chmod } from 'node:fs/promises'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { createDatabase, POSTGRES_VERSIONS, startTestServer, temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { checkContainers } from './check-containers.ts'

const DOORS = ['rows', 'copy', 'native'] as const

/** Tables in all, over all versions of Postgres. */
const COUNT = Number(process.env.DWH_COUNT ?? 1_000)
const SEED = Number(process.env.DWH_SEED ?? 10_000)

test.each(POSTGRES_VERSIONS)(
  'Postgres %i: seeded tables of containers, each read in one of three ways, no difference',
  async (version) => {
    const folder = await temporaryFolder()
    await chmod(folder, 0o755)
    const server = await startTestServer({ folder, version })
    onTestFinished(() => server.stop())
    const extensionDirectory = await duckdbExtensions()
    const count = Math.ceil(COUNT / POSTGRES_VERSIONS.length)
    const seed = SEED + POSTGRES_VERSIONS.indexOf(version) * count
    const doors = (index: number) => [DOORS[index % DOORS.length] ?? 'rows']
    const found = await checkContainers(await createDatabase(server.url()), { seed, count, doors, extensionDirectory })
    process.stdout.write(`${count} tables, seeds ${seed} to ${seed + count - 1}: ${found.length} differences\n`)
    expect(found).toEqual([])
  },
  60 * 60_000,
)
