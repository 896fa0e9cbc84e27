import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ProcessFigures, runNode } from './run-program.ts'

const BIN = fileURLToPath(new URL('../../apps/cli/bin/dwh.js', import.meta.url))

export interface DwhSettings {
  readonly extract?: 'rows' | 'copy' | 'native'
  readonly verify?: 'counts' | 'columns'
  readonly extensions?: string
}

/** One `dwh` with a `dwh.yaml` of these settings in `folder`; the warehouse and the temporary files are made in there, too. */
export async function runDwh(
  folder: string,
  databaseUrl: string,
  settings: DwhSettings,
  command = 'run',
): Promise<ProcessFigures> {
  const keys = { storage: './warehouse', temp: './tmp', cache: './cache', ...settings }
  const lines = Object.entries(keys).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
  await writeFile(join(folder, 'dwh.yaml'), lines.join(''))
  return runNode({ command: [BIN, command], cwd: folder, env: { DATABASE_URL: databaseUrl } })
}

/** Whether `dwh.yaml` may say `extract`. Without it, `dwh` has one door, `copy`. */
export async function hasDoors(folder: string): Promise<boolean> {
  try {
    await runDwh(folder, '', { extract: 'copy' }, 'status')
    return true
  } catch (error) {
    if (String(error).includes('unknown key "extract"')) return false
    throw error
  }
}
