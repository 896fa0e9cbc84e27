import { configInvalid } from './config-invalid.ts'
import { isKeyword, isSecret, type Keyword, unknownKeyword } from './keywords.ts'

const WHERE = 'the URI of the source'
const FORM =
  'Write postgres://user:password@host:5432/database; percent-encode separators inside a part: @ : / ? # & = % , are %40 %3A %2F %3F %23 %26 %3D %25 %2C.'

export function isUri(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text)
}

/**
 * Parses a connection URI into keywords as libpq does in `conninfo_uri_parse_options()`: an empty part is not set,
 * several hosts become comma-separated lists of hosts and ports, and every part may be percent-encoded.
 *
 * Stricter than libpq in one case: an unencoded `@` after the one that ends the credentials is refused. It comes from a
 * password that was not encoded; parts of that password would become a host or a database and appear in error messages.
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 * @throws DwhError CONFIG_INVALID, without any part of the URI except unknown keywords
 */
export function parseUri(uri: string): Map<Keyword, string> {
  const settings = new Map<Keyword, string>()
  const store = (keyword: Keyword, part: string) => {
    if (part !== '') settings.set(keyword, decode(part, keyword))
  }
  const rest = uri.slice(uri.indexOf('//') + 2)
  const credentials = /^([^@/]*)@/.exec(rest)?.[1]
  if (credentials !== undefined) {
    const colon = credentials.indexOf(':')
    store('user', colon < 0 ? credentials : credentials.slice(0, colon))
    if (colon >= 0) store('password', credentials.slice(colon + 1))
  }
  const { places, after } = readPlaces(credentials === undefined ? rest : rest.slice(credentials.length + 1))
  const [, path = '', query = ''] = /^(?:\/([^?]*))?(?:\?(.*))?$/s.exec(after) ?? []
  if ([path, ...places.flat()].some((part) => part.includes('@'))) {
    throw badUri('an unencoded @ after the first one or after a /')
  }
  store('host', places.map(([host]) => host).join(','))
  store('port', places.map(([, port]) => port).join(','))
  store('dbname', path)
  if (query !== '') readQuery(query, settings)
  return settings
}

/** Reads `host:port,[::1]:port` up to the first / or ?; separators inside brackets do not count. */
function readPlaces(text: string): { places: [host: string, port: string][]; after: string } {
  const places: [string, string][] = []
  let rest = `,${text}`
  while (rest.startsWith(',')) {
    const [whole, brackets, name = '', port = ''] = /^,(?:\[([^\]]*)\]|([^:/?,]*))(?::([^/?,]*))?/.exec(rest) ?? []
    if (whole === undefined) break
    if (brackets === undefined && name.startsWith('[')) throw badUri('a [ without a ]')
    if (brackets === '') throw badUri('an empty IPv6 address')
    places.push([brackets ?? name, port])
    rest = rest.slice(whole.length)
  }
  if (!/^([/?]|$)/.test(rest)) throw badUri('something other than : , / or ? after an IPv6 address')
  return { places, after: rest }
}

function readQuery(query: string, settings: Map<Keyword, string>): void {
  // libpq allows an & at the very end
  const pairs = query.replace(/&$/, '')
  let secretSeen = query.includes('@')
  for (const pair of pairs.split('&')) {
    const [word = '', text, ...more] = pair.split('=')
    if (text === undefined) throw badUri('a part of the query without =')
    if (more.length > 0) throw badUri('a part of the query with more than one =')
    let keyword = decode(word, 'keyword')
    let value = decode(text, 'query')
    if (keyword === 'ssl' && value === 'true') [keyword, value] = ['sslmode', 'require']
    if (keyword === 'requiressl') [keyword, value] = ['sslmode', value.startsWith('1') ? 'require' : 'prefer']
    if (!isKeyword(keyword)) throw unknownKeyword(WHERE, keyword, !secretSeen)
    settings.set(keyword, value)
    secretSeen ||= isSecret(keyword)
  }
}

/**
 * Decodes a part. Spaces around it are removed, since URIs are wrapped and pasted; a space inside is a mistake, as in
 * libpq since version 17.
 */
function decode(part: string, name: string): string {
  const trimmed = part.replaceAll(/^ +| +$/g, '')
  if (trimmed.includes(' ')) throw badUri(`the ${name} contains a space; write it as %20`)
  try {
    const text = decodeURIComponent(trimmed)
    if (!text.includes('\0')) return text
  } catch {
    // thrown below: the error of the platform would repeat the part
  }
  throw badUri(`the ${name} contains a % that is not followed by two hex digits of a UTF-8 byte`)
}

function badUri(why: string): Error {
  return configInvalid(`${WHERE}: ${why}`, FORM)
}
