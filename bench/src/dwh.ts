import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ProcessFigures, runNode } from './run-program.ts'

export const BIN: string = fileURLToPath(new URL('../../apps/cli/bin/dwh.js', import.meta.url))

export interface DwhSettings {
  readonly extract?: 'rows' | 'copy' | 'native'
  readonly verify?: 'counts' | 'columns'
  readonly extensions?: string
}

/**
 * Runs `dwh run` with a `dwh.yaml` of these settings in `folder`, which also gets the warehouse and the temporary
 * files.
 * @throws Error if a table was read by another method than the configured one
 */
export async function runDwh(folder: string, databaseUrl: string, settings: DwhSettings): Promise<ProcessFigures> {
  const keys = { storage: './warehouse', temp: './tmp', cache: './cache', ...settings }
  const lines = Object.entries(keys).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
  await writeFile(join(folder, 'dwh.yaml'), lines.join(''))
  const figures = await runNode({ command: [BIN, 'run'], cwd: folder, env: { DATABASE_URL: databaseUrl } })
  for (const [table, method] of await methodsTaken(join(folder, 'warehouse')))
    if (settings.extract && method !== settings.extract)
      throw new Error(`${table} took the method ${method}, not ${settings.extract}`)
  return figures
}

/** Returns the method of each table, from the record of the only run. */
async function methodsTaken(warehouse: string): Promise<[table: string, method: string | undefined][]> {
  const runs = join(warehouse, '_dwh/runs')
  const [file = ''] = (await readdir(runs, { recursive: true })).filter((name) => name.endsWith('.json'))
  const record = JSON.parse(await readFile(join(runs, file), 'utf8')) as { tables: Record<string, { method?: string }> }
  return Object.entries(record.tables).map(([table, { method }]) => [table, method])
}
