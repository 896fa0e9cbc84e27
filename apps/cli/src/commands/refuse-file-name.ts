import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DwhError } from '@dwh/core'

/**
 * Refuses the name of a file where SQL is expected: psql and sqlite3 take one there.
 * @throws DwhError CONFIG_INVALID
 */
export async function refuseFileName(given: string, cwd: string): Promise<void> {
  const name = given.trim()
  if (/\s/.test(name)) return
  const found = await stat(resolve(cwd, name)).catch(() => null)
  if (!found?.isFile() && !/^[\w./~-]+\.sql$/i.test(name)) return
  throw new DwhError('CONFIG_INVALID', `query: ${name} is the name of a file, not SQL`, {
    hint: `Did you mean dwh query --file ${name}?`,
  })
}
