import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DwhError } from '@dwh/core'

/**
 * This package's own folder. A program that bundles the package copies `sql/` and `queries/` and passes their folder.
 */
export const SEED_FOLDER: string = fileURLToPath(new URL('..', import.meta.url))

export interface SqlFile {
  /** Without `.sql`. */
  readonly name: string
  readonly text: string
}

/**
 * Reads the SQL files of one part of a seed folder, by name.
 * @throws DwhError CONFIG_INVALID if there are none, or they cannot be read
 */
export async function readSqlFiles(folder: string, part: 'sql' | 'queries'): Promise<SqlFile[]> {
  const path = join(folder, part)
  try {
    const names = (await readdir(path)).filter((name) => name.endsWith('.sql')).sort()
    if (names.length === 0) throw new Error('no file ends in .sql')
    return await Promise.all(
      names.map(async (name) => ({
        name: name.slice(0, -'.sql'.length),
        text: await readFile(join(path, name), 'utf8'),
      })),
    )
  } catch (cause) {
    throw new DwhError(
      'CONFIG_INVALID',
      `seed folder ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'The folder must contain sql/ and queries/, as seed/ of the repository does.',
        context: { path },
        cause,
      },
    )
  }
}
