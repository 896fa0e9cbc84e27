import type { ConnectionEnvironment } from './connection-environment.ts'
import { findPassword } from './password-file.ts'
import { type HostPlace, isDefaultSocketFolder } from './resolve-hosts.ts'
import type { Settings } from './setting.ts'

export interface FoundPasswords {
  /** One for each host; null for a host without a password. */
  readonly passwords: readonly (string | null)[]
  readonly notes: readonly string[]
}

/** Finds the password for each host: the given one, or the one in the password file. */
export function findPasswords(
  hosts: readonly HostPlace[],
  as: { readonly user: string; readonly database: string },
  settings: Settings,
  environment: ConnectionEnvironment,
): FoundPasswords {
  const given = settings.get('password')?.value
  if (given) return { passwords: hosts.map(() => given), notes: [] }
  const { text, notes } = readPasswordFile(settings, environment)
  const passwords = hosts.map(({ host, port }) => {
    if (text === null) return null
    // libpq treats its default socket folder as localhost. That folder is fixed when libpq is built, so here the path
    // matches too.
    const names = isDefaultSocketFolder(host) ? ['localhost', host] : [host]
    const found = names.map((name) => findPassword(text, { ...as, host: name, port })).find((each) => each !== null)
    // libpq treats an empty password as none
    return found || null
  })
  return { passwords, notes }
}

function readPasswordFile(
  settings: Settings,
  environment: ConnectionEnvironment,
): { text: string | null; notes: string[] } {
  const named = settings.get('passfile')?.value
  const path = named || (environment.home === null ? null : `${environment.home}/.pgpass`)
  if (path === null) return { text: null, notes: [] }
  const mode = environment.fileMode(path)
  if (mode === null) return { text: null, notes: named ? [`password file ${path}: not found`] : [] }
  if (!mode.isFile) return { text: null, notes: [`password file ${path}: ignored: it is not a regular file`] }
  if ((mode.mode & 0o077) !== 0) {
    return { text: null, notes: [`password file ${path}: ignored: other users have access to it; run chmod 600 on it`] }
  }
  const text = environment.readFile(path)
  return { text, notes: text === null ? [`password file ${path}: ignored: it cannot be read`] : [] }
}
