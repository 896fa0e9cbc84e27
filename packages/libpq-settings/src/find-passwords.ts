import type { ConnectionEnvironment } from './connection-environment.ts'
import { findPassword } from './password-file.ts'
import { type HostPlace, isDefaultSocketFolder } from './resolve-hosts.ts'
import type { Settings } from './setting.ts'

export interface FoundPasswords {
  /** One for each host, null where there is none. */
  readonly passwords: readonly (string | null)[]
  readonly notes: readonly string[]
}

/** The password for each host: the one that was given, or what the password file has for it. */
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
    // libpq knows the default folder as localhost only; which folder that is was decided when it was built, so here the path itself counts too
    const names = isDefaultSocketFolder(host) ? ['localhost', host] : [host]
    const found = names.map((name) => findPassword(text, { ...as, host: name, port })).find((each) => each !== null)
    // as to libpq, an empty password is none
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
  if (mode === null) return { text: null, notes: named ? [`password file ${path}: there is none`] : [] }
  if (!mode.isFile) return { text: null, notes: [`password file ${path}: ignored, it is not a plain file`] }
  if ((mode.mode & 0o077) !== 0) {
    return { text: null, notes: [`password file ${path}: ignored, others than its owner have access; chmod 600 it`] }
  }
  const text = environment.readFile(path)
  return { text, notes: text === null ? [`password file ${path}: ignored, it cannot be read`] : [] }
}
