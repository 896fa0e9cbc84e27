import { readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { platform } from 'node:process'
import type { ConnectionEnvironment } from './connection-environment.ts'

/**
 * The environment of this machine for a connection: its files, its user, and the variables in `env`. Without `env` no
 * PG* variable is used: a package does not read the environment of its process by itself.
 *
 * @example
 * resolveConnection('', systemEnvironment(process.env)) // as psql would connect
 */
export function systemEnvironment(env: ConnectionEnvironment['env'] = {}): ConnectionEnvironment {
  return {
    env,
    home: orNull(homedir),
    // a container may run under a uid without a user name
    user: orNull(() => userInfo().username),
    readFile: (path) => orNull(() => readFileSync(path, 'utf8')),
    fileMode: (path) =>
      orNull(() => {
        const found = statSync(path)
        // Windows has no permission bits
        const mode = platform === 'win32' ? 0o600 : found.mode
        return { mode, isFile: found.isFile(), ownedByRoot: found.uid === 0 }
      }),
    socketFolderExists: (path) =>
      orNull(() => readdirSync(path))?.some((name) => name.startsWith('.s.PGSQL.')) ?? false,
  }
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
