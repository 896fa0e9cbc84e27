import { configInvalid } from './config-invalid.ts'
import type { ConnectionEnvironment } from './connection-environment.ts'
import { readText } from './read-value.ts'
import type { Settings } from './setting.ts'

/** Who we are to a server that asks for a certificate; all null when nobody in particular. */
export interface ClientCertificate {
  readonly sslcert: string | null
  readonly sslkey: string | null
  /** Of the key; null also when there is no key. */
  readonly sslpassword: string | null
}

/**
 * The file with the roots to trust: the one that is named, or `~/.postgresql/root.crt`; null when it does not exist.
 * @throws DwhError CONFIG_INVALID when `sslmode` verifies and there is none
 */
export function findRootCertificate(
  settings: Settings,
  sslmode: string,
  environment: ConnectionEnvironment,
  notes: string[],
): string | 'system' | null {
  const named = readText(settings, 'sslrootcert')
  const path = named ?? inHome(environment, 'root.crt')
  if (path === 'system' || (path !== null && environment.fileMode(path) !== null)) return path
  if (sslmode.startsWith('verify-')) {
    throw configInvalid(
      `sslmode=${sslmode}: the root certificate ${path ?? 'root.crt of an unknown home folder'} does not exist`,
      "Put the server's CA there or name its file in sslrootcert; sslrootcert=system trusts what Node trusts.",
    )
  }
  if (named !== null) {
    notes.push(
      `sslrootcert: ${named} does not exist, so sslmode=${sslmode} does not verify the server; sslmode=verify-ca insists on it`,
    )
  }
  return null
}

/**
 * The file of revoked certificates; null when it does not exist. It counts only beside a root certificate of one's own.
 * @throws DwhError CONFIG_INVALID for a folder of them, which cannot be searched here
 */
export function findRevocationList(
  settings: Settings,
  sslrootcert: string | null,
  environment: ConnectionEnvironment,
  notes: string[],
): string | null {
  const named = readText(settings, 'sslcrl')
  const folder = readText(settings, 'sslcrldir')
  if (sslrootcert === null || sslrootcert === 'system') {
    if (named !== null || folder !== null)
      notes.push('sslcrl: not looked at, since there is no root certificate file beside it')
    return null
  }
  if (folder !== null) {
    throw configInvalid(
      'sslcrldir: a folder of revocation lists is not supported',
      'Join the lists into one file, and name it in sslcrl.',
    )
  }
  const path = named ?? inHome(environment, 'root.crl')
  if (path !== null && environment.fileMode(path) !== null) return path
  if (named !== null) notes.push(`sslcrl: ${named} does not exist, so no certificate counts as revoked`)
  return null
}

/**
 * The certificate and key to show: those that are named, or those in `~/.postgresql`. Without a certificate the key is not looked at.
 * @throws DwhError CONFIG_INVALID for a certificate without its key, and for a key that others can read
 */
export function findClientCertificate(
  settings: Settings,
  environment: ConnectionEnvironment,
  notes: string[],
): ClientCertificate {
  const named = readText(settings, 'sslcert')
  const sslcert = named ?? inHome(environment, 'postgresql.crt')
  if (sslcert === null || environment.fileMode(sslcert) === null) {
    if (named !== null) notes.push(`sslcert: ${named} does not exist, so no certificate is shown to the server`)
    return { sslcert: null, sslkey: null, sslpassword: null }
  }
  const sslkey = readText(settings, 'sslkey') ?? inHome(environment, 'postgresql.key')
  if (sslkey === null) {
    throw configInvalid(`sslcert: ${sslcert} has no key`, 'Name the file of its key in sslkey.')
  }
  checkKey(sslkey, sslcert, environment)
  return { sslcert, sslkey, sslpassword: readText(settings, 'sslpassword') }
}

function checkKey(sslkey: string, sslcert: string, environment: ConnectionEnvironment): void {
  const mode = environment.fileMode(sslkey)
  if (mode === null) {
    // to libpq a colon parts an OpenSSL engine from the name of its key; after one letter, it is a drive of Windows
    const engine = /^[^:]{2,}:/.test(sslkey)
    throw configInvalid(
      engine
        ? 'sslkey: keys of OpenSSL engines are not supported'
        : `sslkey: ${sslkey} does not exist, the key of ${sslcert}`,
      'Name the file of the key in sslkey, or write sslcertmode=disable to show no certificate.',
    )
  }
  if (!mode.isFile) throw configInvalid(`sslkey: ${sslkey} is not a plain file`, 'Name the file of the key.')
  if ((mode.mode & (mode.ownedByRoot ? 0o037 : 0o077)) !== 0) {
    throw configInvalid(
      `sslkey: others than its owner have access to ${sslkey}`,
      `chmod 600 ${sslkey} (640 is enough when root owns it).`,
    )
  }
}

function inHome(environment: ConnectionEnvironment, name: string): string | null {
  return environment.home === null ? null : `${environment.home}/.postgresql/${name}`
}
