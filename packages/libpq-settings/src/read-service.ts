import { nearest } from '@dwh/core'
import { configInvalid, shown } from './config-invalid.ts'
import type { ConnectionEnvironment } from './connection-environment.ts'
import { isKeyword, KEYWORDS, type Keyword } from './keywords.ts'
import type { Setting } from './setting.ts'

/**
 * Folders of the file if PGSYSCONFDIR is not set: of Debian and its derivatives, then of the PostgreSQL packages for
 * Red Hat.
 */
const SYSTEM_FOLDERS: readonly string[] = ['/etc/postgresql-common', '/etc/sysconfig/pgsql']

/**
 * Reads the settings of a service: from PGSERVICEFILE or else `~/.pg_service.conf`, or, if they are not there, from the
 * `pg_service.conf` of the system.
 * https://www.postgresql.org/docs/18/libpq-pgservice.html
 * @throws DwhError CONFIG_INVALID if no file has the service, or if one of its lines cannot be read
 */
export function readService(service: string, environment: ConnectionEnvironment): ReadonlyMap<Keyword, Setting> {
  const others: string[] = []
  const looked: string[] = []
  for (const path of serviceFiles(environment)) {
    const text = environment.readFile(path)
    if (text === null) {
      if (path === environment.env.PGSERVICEFILE) {
        throw configInvalid(
          `PGSERVICEFILE: ${path} cannot be read`,
          'Correct PGSERVICEFILE, or unset it to use ~/.pg_service.conf.',
        )
      }
      continue
    }
    looked.push(path)
    const found = parseService(text, service, path)
    if (found !== null) return found
    others.push(...[...text.matchAll(/^\s*\[([^\]]+)\]/gm)].map((match) => match[1] ?? ''))
  }
  const meant = nearest(service, others)
  const places = looked.length === 0 ? 'no service file found' : `not found in ${looked.join(' or ')}`
  throw configInvalid(
    `service ${shown(service)}: ${places}`,
    meant === null
      ? 'Add a [section] of that name to ~/.pg_service.conf, or name its file in PGSERVICEFILE.'
      : `Did you mean ${meant}?`,
  )
}

function serviceFiles(environment: ConnectionEnvironment): string[] {
  const { PGSERVICEFILE, PGSYSCONFDIR } = environment.env
  const own = PGSERVICEFILE ?? (environment.home === null ? null : `${environment.home}/.pg_service.conf`)
  const folders = PGSYSCONFDIR === undefined ? SYSTEM_FOLDERS : [PGSYSCONFDIR]
  return [...(own === null ? [] : [own]), ...folders.map((folder) => `${folder}/pg_service.conf`)]
}

/**
 * Null if the text has no such section. Lines of other sections are ignored; of two lines for one keyword, the first
 * wins.
 */
function parseService(text: string, service: string, path: string): ReadonlyMap<Keyword, Setting> | null {
  let settings: Map<Keyword, Setting> | null = null
  for (const [index, whole] of text.split('\n').entries()) {
    const line = whole.replaceAll(/^[ \t\v\f\r]+|[ \t\v\f\r]+$/g, '')
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      if (settings !== null) return settings
      if (line.startsWith(`[${service}]`)) settings = new Map()
      continue
    }
    if (settings === null) continue
    const where = `${path}, line ${index + 1}`
    const equals = line.indexOf('=')
    const key = line.slice(0, Math.max(0, equals))
    if (key === 'service')
      throw configInvalid(`${where}: a service cannot name another service`, 'Write the settings themselves.')
    if (line.startsWith('ldap'))
      throw configInvalid(`${where}: services of an LDAP server are not supported`, 'Write the settings themselves.')
    if (equals < 0)
      throw configInvalid(`${where}: no = in the line`, 'Write keyword=value, without spaces around the =.')
    if (!isKeyword(key)) {
      const meant = nearest(key, KEYWORDS)
      throw configInvalid(
        `${where}: the word before the = is not a connection setting`,
        meant === null
          ? 'Use the keywords of libpq: host, port, dbname, user.'
          : `Write ${meant}=, without spaces before the =.`,
      )
    }
    if (!settings.has(key)) settings.set(key, { value: line.slice(equals + 1), from: where })
  }
  return settings
}
