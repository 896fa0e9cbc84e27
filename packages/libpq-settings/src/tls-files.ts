import { configInvalid } from './config-invalid.ts'
import type { ConnectionEnvironment } from './connection-environment.ts'
import { readText } from './read-value.ts'
import type { Settings } from './setting.ts'

/** The certificate that is sent to a server that asks for one; all null if there is none. */
export interface ClientCertificate {
  readonly sslcert: string | null
  readonly sslkey: string | null
  /** Passphrase of the key; null also if there is no key. */
  readonly sslpassword: string | null
}

/**
 * Finds the file with the trusted root certificates: the configured one, or `~/.postgresql/root.crt`; null if it does
 * not exist.
 * @throws DwhError CONFIG_INVALID if `sslmode` verifies and there is no file
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
      "Put the server's CA there, or set sslrootcert to its file; sslrootcert=system trusts what Node trusts.",
    )
  }
  if (named !== null) {
    notes.push(
      `sslrootcert: ${named} does not exist, so sslmode=${sslmode} does not verify the server; use sslmode=verify-ca to require verification`,
    )
  }
  return null
}

/**
 * Finds the file of revoked certificates; null if it does not exist. It applies only together with a root certificate
 * file.
 * @throws DwhError CONFIG_INVALID for a folder of lists, which is not supported
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
    if (named !== null || folder !== null) notes.push('sslcrl: ignored, since there is no root certificate file')
    return null
  }
  if (folder !== null) {
    throw configInvalid(
      'sslcrldir: a folder of revocation lists is not supported',
      'Join the lists into one file, and set sslcrl to it.',
    )
  }
  const path = named ?? inHome(environment, 'root.crl')
  if (path !== null && environment.fileMode(path) !== null) return path
  if (named !== null) notes.push(`sslcrl: ${named} does not exist, so no certificate is treated as revoked`)
  return null
}

/**
 * Finds the client certificate and its key: the configured ones, or those in `~/.postgresql`. Without a certificate the
 * key is ignored.
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
    if (named !== null) notes.push(`sslcert: ${named} does not exist, so no certificate is sent to the server`)
    return { sslcert: null, sslkey: null, sslpassword: null }
  }
  const sslkey = readText(settings, 'sslkey') ?? inHome(environment, 'postgresql.key')
  if (sslkey === null) {
    throw configInvalid(`sslcert: ${sslcert} has no key`, 'Set sslkey to the file of its key.')
  }
  checkKey(sslkey, sslcert, environment)
  return { sslcert, sslkey, sslpassword: readText(settings, 'sslpassword') }
}

function checkKey(sslkey: string, sslcert: string, environment: ConnectionEnvironment): void {
  const mode = environment.fileMode(sslkey)
  if (mode === null) {
    // in libpq a colon separates an OpenSSL engine from the name of its key; after one letter it is a drive of
    // Windows
    const engine = /^[^:]{2,}:/.test(sslkey)
    throw configInvalid(
      engine
        ? 'sslkey: keys of OpenSSL engines are not supported'
        : `sslkey: ${sslkey} does not exist (the key of ${sslcert})`,
      'Set sslkey to the file of the key, or write sslcertmode=disable to send no certificate.',
    )
  }
  if (!mode.isFile) throw configInvalid(`sslkey: ${sslkey} is not a regular file`, 'Set sslkey to the file of the key.')
  if ((mode.mode & (mode.ownedByRoot ? 0o037 : 0o077)) !== 0) {
    throw configInvalid(
      `sslkey: other users have access to ${sslkey}`,
      `Run chmod 600 ${sslkey} (640 is enough if root owns it).`,
    )
  }
}

function inHome(environment: ConnectionEnvironment, name: string): string | null {
  return environment.home === null ? null : `${environment.home}/.postgresql/${name}`
}
