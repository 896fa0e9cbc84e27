import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Contender } from './contenders.ts'
import { runAny } from './run-program.ts'

const run = promisify(execFile)
const program = (name: string) => fileURLToPath(new URL(`../other-tools/${name}`, import.meta.url))

/**
 * Returns the other tools that write Parquet files to a folder. Tools missing on `PATH` or in `python3` are marked as
 * unavailable.
 */
export async function otherTools(): Promise<Contender[]> {
  return [
    await sling(),
    await pythonTool('dlt', 'dlt_parquet.py', ['dlt.sources.sql_database', 'sqlalchemy', 'connectorx', 'psycopg2']),
    await pythonTool('connectorx', 'connectorx_parquet.py', ['connectorx', 'pyarrow']),
    await pythonTool('adbc', 'adbc_parquet.py', ['adbc_driver_postgresql', 'pyarrow']),
    {
      name: 'ingestr',
      kind: 'other',
      unavailable: 'writes to databases and buckets, not to Parquet files in a folder',
    },
  ]
}

async function pythonTool(name: string, file: string, modules: readonly string[]): Promise<Contender> {
  const missing = await cannot('python3', '-c', modules.map((module) => `import ${module}`).join('; '))
  if (missing) return { name, kind: 'other', unavailable: `not installed (python3: ${modules.join(', ')})` }
  return {
    name,
    kind: 'other',
    run: ({ url, folder, tables }) =>
      runAny({
        command: ['python3', program(file), folder, ...tables],
        cwd: folder,
        env: { DATABASE_URL: url, RUNTIME__DLTHUB_TELEMETRY: 'false' },
      }),
  }
}

/**
 * Replicates all tables at once; its threads read several tables in parallel. Only its paid version reads parts of one
 * table in parallel.
 */
async function sling(): Promise<Contender> {
  if (await cannot('sling', '--version')) return { name: 'sling', kind: 'other', unavailable: 'not installed' }
  return {
    name: 'sling',
    kind: 'other',
    async run({ url, folder, tables }) {
      const replication = {
        source: 'BENCH_SOURCE',
        target: 'LOCAL',
        defaults: {
          mode: 'full-refresh',
          object: `file://${folder}/{stream_table}.parquet`,
          target_options: { format: 'parquet' },
        },
        streams: Object.fromEntries(tables.map((table) => [`public.${table}`, null])),
      }
      const file = join(folder, 'replication.json')
      await writeFile(file, JSON.stringify(replication))
      const env = { BENCH_SOURCE: `${url}?sslmode=disable`, SLING_THREADS: '2', SLING_DISABLE_TELEMETRY: 'true' }
      return runAny({ command: ['sling', 'run', '-r', file], cwd: folder, env })
    },
  }
}

function cannot(command: string, ...args: string[]): Promise<boolean> {
  return run(command, args).then(
    () => false,
    () => true,
  )
}
