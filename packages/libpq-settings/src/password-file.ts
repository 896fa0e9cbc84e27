/** What to look for in the password file. */
export interface PasswordKey {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/**
 * The password of the first matching line; null if no line matches. Lines are `host:port:database:user:password`; `*`
 * alone matches anything, and `\:` and `\\` are a colon and a backslash.
 * https://www.postgresql.org/docs/18/libpq-pgpass.html
 */
export function findPassword(text: string, key: PasswordKey): string | null {
  const wanted = [key.host, String(key.port), key.database, key.user]
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue
    const password = wanted.reduce<string | null>(afterMatch, line.replace(/[\r\n]+$/, ''))
    if (password !== null) return readField(password)
  }
  return null
}

/**
 * The rest after the first field if that field matches. The wildcard is checked before unescaping: `\*` is an asterisk,
 * not a wildcard.
 */
function afterMatch(rest: string | null, wanted: string): string | null {
  if (rest === null) return null
  if (rest.startsWith('*:')) return rest.slice(2)
  const [whole, field = ''] = /^((?:[^:\\]|\\.)*):/s.exec(rest) ?? []
  if (whole === undefined || field.replaceAll(/\\(.)/gs, '$1') !== wanted) return null
  return rest.slice(whole.length)
}

/** Reads a field up to the next unescaped colon; a backslash at the very end stands for itself. */
function readField(rest: string): string {
  const password = /^(?:[^:\\]|\\.|\\$)*/s.exec(rest)?.[0] ?? ''
  return password.replaceAll(/\\(.)/gs, '$1')
}
