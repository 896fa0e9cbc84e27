import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type EtlState, quoteLiteral } from '@dwh/core'
import { builtProgram } from '@dwh/test-kit'

const DWH = await builtProgram('dwh')

export interface Run {
  readonly code: number | null
  readonly stderr: string
  /**
   * Per table: its columns and types, its number of rows, and a hash over all rows in any order. Null if nothing was
   * published.
   */
  readonly files: Readonly<Record<string, string>> | null
}

/** Runs `dwh run` in a new folder and returns what it wrote. */
export async function runWarehouse(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-same-'))
  try {
    const ended = await dwh(['run', ...args], folder, {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      TMPDIR: folder,
      ...env,
    })
    return { ...ended, files: await fingerprints(join(folder, 'warehouse')) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function dwh(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [DWH, ...args], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stderr }))
  })
}

async function fingerprints(warehouse: string): Promise<Run['files']> {
  const text = await readFile(join(warehouse, 'etl.json'), 'utf8').catch(() => null)
  const state: EtlState | null = text === null ? null : JSON.parse(text)
  if (!state?.run_id) return null
  const connection = await (await DuckDBInstance.create()).connect()
  const found: Record<string, string> = {}
  for (const [table, { files }] of Object.entries(state.tables)) {
    const paths = files.map(({ key }) => quoteLiteral(join(warehouse, key))).join(', ')
    const read = `read_parquet([${paths}], hive_partitioning = false)`
    const described = await connection.runAndReadAll(
      `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${read})`,
    )
    const summed = await connection.runAndReadAll(
      `SELECT count(*), coalesce(sum(hash("the whole row")::HUGEINT), 0)::VARCHAR FROM ${read} AS "the whole row"`,
    )
    found[table] = [
      ...described.getRows().map(([name, type]) => `${name} ${type}`),
      ...(summed.getRows()[0] ?? []),
    ].join('; ')
  }
  connection.closeSync()
  return found
}
