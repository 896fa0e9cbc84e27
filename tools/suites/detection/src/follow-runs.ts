import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ColumnType,
  formatTableName,
  proofDifferences,
  type Source,
  type TableEntry,
  type TableProfile,
} from '@dwh/core'
import { openParquetWriter } from '@dwh/parquet-writer'
import { openWarehouse } from '@dwh/warehouse'
import type { Code } from './build-code.ts'
import type { Follower, TakenDay } from './simulate.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Runs once a day, as `dwh run` does, into a folder. Each published file is compared with a hash of all rows in the
 * snapshot of its run.
 */
export async function followRuns(code: Code, next: Code): Promise<Follower> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-runs-'))
  const writer = await openParquetWriter({ tempDirectory: folder })
  let now = Date.parse('2026-02-01T03:00:00Z')

  /** What is wrong with the file that an entry names; null for nothing. */
  async function differs(table: string, { columns, files }: TableEntry, profile: TableProfile): Promise<string | null> {
    const [file] = files
    if (file === undefined || files.length > 1) return `${table}: ${files.length} files`
    const typed = columns.map(({ name, type }) => ({ name, as: name, type: type as ColumnType }))
    const wanted = Object.entries(profile.types).map(([name, type]) => `${name} ${type}`)
    const has = columns.map(({ name, type }) => `${name} ${type}`)
    if (wanted.join() !== has.join()) return `${table}: its file has ${has.join()}, the source ${wanted.join()}`
    const found = await writer.prove(join(folder, 'lake', file.key), typed, 'hash')
    const differences = proofDifferences(profile.proof, found, typed)
    return differences.length === 0 ? null : `${table}: ${differences.join('; ')}`
  }

  return {
    async takeDay(connection, isNext): Promise<TakenDay> {
      now += DAY_MS
      const { postgresSource } = isNext ? next : code
      const { source, profiles } = withProfiles(postgresSource({ connection }))
      const warehouse = await openWarehouse(
        { storage: join(folder, 'lake'), temp: folder },
        { env: {}, clock: () => new Date(now), random: randomBytes, sources: { default: { source } } },
      )
      try {
        const { state, record } = await warehouse.run()
        const tables = new Map<string, { said: string; hash: string }>()
        for (const [name, table] of Object.entries(record.tables)) {
          const profile = profiles.get(name) as TableProfile
          const violation = await differs(name, state.tables[name] as TableEntry, profile)
          const said = table.status === 'written' ? (table.reason?.id ?? 'new') : table.status
          if (violation !== null) return { violation: `${violation} (${said})`, tables }
          tables.set(name, { said, hash: JSON.stringify([isNext, profile.types, profile.proof.hash]) })
        }
        return { violation: null, tables }
      } finally {
        await warehouse.close()
      }
    },
    async end() {
      await writer.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The source, and the profiles of all its tables in the snapshot that was opened last. */
function withProfiles(source: Source): { source: Source; profiles: ReadonlyMap<string, TableProfile> } {
  const profiles = new Map<string, TableProfile>()
  return {
    profiles,
    source: {
      async open(signal) {
        const snapshot = await source.open(signal)
        for (const table of await snapshot.tables()) {
          const profile = await snapshot.profileTable?.(table, { proof: 'hash', native: false })
          if (profile) profiles.set(formatTableName(table), profile)
        }
        return snapshot
      },
    },
  }
}
