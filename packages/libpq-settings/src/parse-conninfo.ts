import { configInvalid } from './config-invalid.ts'
import { isKeyword, isSecret, type Keyword, unknownKeyword } from './keywords.ts'

const WHERE = 'the connection string of the source'
const HINT =
  "Write host=... port=... dbname=... user=...; put a value with spaces into single quotes, with \\' for a quote and \\\\ for a backslash."

/**
 * Parses a string of `keyword = value` pairs as libpq does in `conninfo_parse()`. A later pair replaces an earlier one;
 * an empty value counts as set.
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
 * @throws DwhError CONFIG_INVALID, without any value, nor any word that may be part of a password that was not quoted
 */
export function parseConninfo(text: string): Map<Keyword, string> {
  const settings = new Map<Keyword, string>()
  let secretSeen = false
  let at = 0
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? ''
    at += found.length
    return found
  }
  take(SPACES)
  while (at < text.length) {
    const start = at
    const word = take(WORD)
    take(SPACES)
    if (text[at] !== '=') {
      throw configInvalid(
        `${WHERE}: ${start === 0 ? 'it must begin with postgres:// or with keyword=' : `no = after the word at character ${start + 1}`}`,
        HINT,
      )
    }
    at++
    take(SPACES)
    const quoted = text[at] === "'"
    const raw = quoted ? take(QUOTED) : take(BARE)
    if (quoted && raw === '') throw configInvalid(`${WHERE}: the quote at character ${at + 1} is not closed`, HINT)
    let keyword: string = word
    let value = withoutEscapes(quoted ? raw.slice(1, -1) : raw)
    if (keyword === 'requiressl') [keyword, value] = ['sslmode', value.startsWith('1') ? 'require' : 'prefer']
    if (!isKeyword(keyword)) throw unknownKeyword(WHERE, keyword, !secretSeen)
    settings.set(keyword, value)
    secretSeen ||= isSecret(keyword)
    take(SPACES)
  }
  return settings
}

// the spaces of C's isspace(), not those of Unicode
const SPACES = /[ \t\n\v\f\r]*/y
const WORD = /[^= \t\n\v\f\r]*/y
const QUOTED = /'(?:[^'\\]|\\.)*'/sy
const BARE = /(?:[^\\ \t\n\v\f\r]|\\.|\\$)*/sy

function withoutEscapes(raw: string): string {
  return raw.replaceAll(/\\(.?)/gs, '$1')
}
