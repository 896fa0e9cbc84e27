import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { PostgresServer } from '@dwh/postgres-server'
import pg from 'pg'
import { type Contender, NAMES } from './contenders.ts'
import type { DataSet } from './data-sets.ts'
import { readParquetFiles } from './read-parquet-files.ts'
import type { ContenderResults, DataSetResults, Run } from './results.ts'
import { serverCpuSeconds } from './server-cpu.ts'

export interface MeasureOptions {
  readonly server: PostgresServer
  readonly contenders: readonly Contender[]
  readonly rounds: number
  readonly folder: string
  readonly onProgress: (line: string) => void
}

/**
 * Fills a database, lets every contender read it once in each round, and drops the database. Each round begins with
 * another contender. A contender that fails, or whose files lack rows, is not measured any more.
 */
export async function measureDataSet(set: DataSet, options: MeasureOptions): Promise<DataSetResults> {
  const { server, rounds, onProgress } = options
  const database = `bench_${set.name.replaceAll('-', '_')}`
  await inDatabase(server.url(), [`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`, `CREATE DATABASE ${database}`])
  try {
    onProgress(`${set.name}: filling ${set.tables.length} x ${set.rows.toLocaleString('en-US')} rows`)
    // VACUUM FREEZE, so that the first reader does not have to set hint bits on each row
    await inDatabase(server.url(database), [set.sql, 'VACUUM (FREEZE, ANALYZE)', 'CHECKPOINT'])
    const contenders = options.contenders.map((contender) =>
      NATIVE.includes(contender.name) ? fitting(contender, set) : contender,
    )
    const entries = contenders.map((contender) => ({ contender, runs: [] as Run[], failed: '' }))
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < entries.length; turn += 1) {
        const entry = entries[(round + turn) % entries.length] as (typeof entries)[number]
        if (!entry.contender.run || entry.failed) continue
        try {
          const run = await measureOnce(set, entry.contender, options, server.url(database))
          entry.runs.push(run)
          onProgress(
            `${set.name}, round ${round + 1} of ${rounds}: ${entry.contender.name}: ${run.wallSeconds.toFixed(2)} s`,
          )
        } catch (error) {
          entry.failed = error instanceof Error ? error.message : String(error)
          onProgress(`${set.name}: ${entry.contender.name} failed: ${entry.failed}`)
        }
      }
    }
    const results = entries.map(({ contender: { name, kind, unavailable }, runs, failed }): ContenderResults => {
      return { name, kind, runs, ...(unavailable ? { unavailable } : {}), ...(failed ? { failed } : {}) }
    })
    const { name, about, tables, rows } = set
    return { name, about, rows: rows * tables.length, tables: tables.length, contenders: results }
  } finally {
    await inDatabase(server.url(), [`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`])
  }
}

const NATIVE: readonly string[] = [NAMES.nativeCounts, NAMES.nativeColumns]

function fitting({ name, kind, ...contender }: Contender, { notNative }: DataSet): Contender {
  return notNative === undefined ? { name, kind, ...contender } : { name, kind, unavailable: notNative }
}

async function measureOnce(set: DataSet, contender: Contender, options: MeasureOptions, url: string): Promise<Run> {
  const { tables, rows } = set
  const folder = join(options.folder, 'output')
  await mkdir(folder)
  try {
    const before = await serverCpuSeconds(options.server.pid)
    const figures = await contender.run?.({ url, folder, tables })
    if (!figures) throw new Error(`${contender.name} cannot be run`)
    const serverCpu = (await serverCpuSeconds(options.server.pid)) - before
    const run = { cpuSeconds: null, peakMegabytes: null, ...figures, serverCpuSeconds: serverCpu, bytes: null }
    if (contender.kind === 'floor') return run
    const files = await readParquetFiles(folder, tables)
    const expected = Object.fromEntries(tables.map((table) => [table, rows]))
    if (!isDeepStrictEqual(files.rows, expected))
      throw new Error(`wrote ${JSON.stringify(files.rows)} rows instead of ${rows} in each table`)
    return { ...run, bytes: files.bytes }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function inDatabase(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
