import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DwhError } from '@dwh/core'
import type { ConfigFile } from './config-file.ts'
import type { Variables } from './given-values.ts'

/** Files to look for in the working folder, in this order, if no file is named. JSON is valid YAML. */
const NAMES = ['dwh.yaml', 'dwh.yml', 'dwh.json']

/**
 * Reads the configuration file: the named one, or the first of `dwh.yaml`, `dwh.yml`, `dwh.json` in `folder`. Returns
 * null if no file is named and none exists.
 * `${NAME}` in any text is replaced from the environment, `${NAME:-fallback}` has a fallback, `$${` stands for `${`.
 * Replacement happens after parsing, so the content of a variable is always one value. A variable that is not set is an
 * error, except in `source` and `schedule`: these values are listed in `unset`.
 * @throws DwhError CONFIG_INVALID, with file, line, and the nearest valid key
 */
export async function readConfigFile(
  named: string | undefined,
  folder: string,
  env: Variables,
): Promise<ConfigFile | null> {
  const candidates = named === undefined ? NAMES.map((file) => join(folder, file)) : [resolve(folder, named)]
  for (const path of candidates) {
    const text = await readIfThere(path)
    if (text === null) continue
    // the YAML parser is most of what a program without such a file would load at its start
    const { parseConfig } = await import('./parse-config.ts')
    return { path, ...parseConfig(text, path, env) }
  }
  if (named === undefined) return null
  throw new DwhError('CONFIG_INVALID', `${named}: no such file`, {
    hint: 'Correct --config or DWH_CONFIG, or leave it out to use dwh.yaml here.',
  })
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new DwhError('CONFIG_INVALID', `${path}: cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: 'Give this user permission to read the file.',
    })
  }
}
