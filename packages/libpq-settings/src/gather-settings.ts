import { hasCredentials } from '@dwh/core'
import { configInvalid } from './config-invalid.ts'
import type { ConnectionEnvironment } from './connection-environment.ts'
import { isKeyword, isSecret, KEYWORD_VARIABLES, KEYWORDS, type Keyword, unknownKeyword } from './keywords.ts'
import { parseConninfo } from './parse-conninfo.ts'
import { isUri, parseUri } from './parse-uri.ts'
import { readService } from './read-service.ts'
import type { Setting, Settings } from './setting.ts'

/** Settings by libpq keyword. A value that is undefined, null or empty counts as not set. */
export type ConnectionKeywords = { readonly [K in Keyword]?: string | number | null | undefined }

/** `postgres://...`, `host=... port=...`, or the keywords one by one. */
export type ConnectionInput = string | ConnectionKeywords

/**
 * Collects all settings that are set: the input takes precedence over the service, and the service over the
 * environment. Defaults are not included.
 * @throws DwhError CONFIG_INVALID
 */
export function gatherSettings(input: ConnectionInput, environment: ConnectionEnvironment): Settings {
  const settings = new Map<Keyword, Setting>()
  for (const [keyword, value] of readInput(input)) settings.set(keyword, { value, from: `the setting ${keyword}` })
  const service = settings.get('service')?.value ?? environment.env.PGSERVICE
  if (service !== undefined) {
    checkValue('service', settings.get('service') ?? { value: service, from: 'PGSERVICE' })
    for (const [keyword, setting] of readService(service, environment)) {
      if (!settings.has(keyword)) settings.set(keyword, setting)
    }
  }
  for (const keyword of KEYWORDS) {
    const variable = KEYWORD_VARIABLES[keyword]
    const value = variable === null ? undefined : environment.env[variable]
    if (variable !== null && value !== undefined && !settings.has(keyword))
      settings.set(keyword, { value, from: variable })
  }
  if (!settings.has('sslmode') && environment.env.PGREQUIRESSL?.startsWith('1')) {
    settings.set('sslmode', { value: 'require', from: 'PGREQUIRESSL' })
  }
  for (const [keyword, setting] of settings) checkValue(keyword, setting)
  return settings
}

function readInput(input: ConnectionInput): ReadonlyMap<Keyword, string> {
  if (typeof input === 'string') return isUri(input) ? parseUri(input) : parseConninfo(input)
  const settings = new Map<Keyword, string>()
  for (const [word, value] of Object.entries(input)) {
    if (value === undefined || value === null || value === '') continue
    if (!isKeyword(word)) throw unknownKeyword('the settings of the source', word, true)
    settings.set(word, String(value))
  }
  return settings
}

/** Refuses mistakes that would put a password where it is printed later: a host, a database, an application name. */
function checkValue(keyword: Keyword, { value, from }: Setting): void {
  if (value.includes('\0')) throw configInvalid(`${from}: the value contains a NUL character`, 'Remove it.')
  if (isSecret(keyword)) return
  if (isUri(value)) {
    throw configInvalid(`${from}: the value is a URI`, 'Use the URI as the connection itself, and only a name here.')
  }
  if (hasCredentials(value)) {
    throw configInvalid(
      `${from}: the value contains a user and a password`,
      'Use only a name here. Put user and password into PGUSER and PGPASSWORD, or the whole URL into DATABASE_URL.',
    )
  }
  // `host=db;password=...`, and `host= password=...`, where libpq treats the next word as the value of host
  if (/(^|[;,&?\s])\w*(password|passwd|pwd|secret|scram_\w+_key)\s*=/i.test(value)) {
    throw configInvalid(
      `${from}: the value contains a password`,
      "Separate the settings with spaces, in a URI with &, and write '' for an empty value.",
    )
  }
}
