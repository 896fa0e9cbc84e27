/** Settings whose value is a secret, in a connection string or in the query of a URL. */
const NAMED =
  /[a-z_-]*(?:password|passwd|pwd|secret|token|passphrase)[a-z_-]*\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s&;']*))/gi

/** `-c name=value` among the options for a Postgres session. */
const SESSION_OPTIONS = /-(?:c\s*|-)[\w.-]+=((?:\\.|[^\s&'\\])+)/g

/** Finds the possible secrets in a URL or a connection string: as written, and decoded. */
export function secretsIn(text: string): string[] {
  const written = [
    // up to the last @: an unencoded password may contain others
    /^\s*[a-z][a-z0-9+.-]*:\/\/[^:/?#]*:(.*)@/is.exec(text)?.[1],
    // includes the user, who may be half of a key; a user alone is no secret
    hasCredentials(text) ? /^(.*:.*)@/s.exec(text.replace(/^\s*[a-z][a-z0-9+.-]*:\/+/i, ''))?.[1] : undefined,
    ...[...text.matchAll(NAMED)].map(([, quoted, bare]) => quoted ?? bare),
    ...[...text.matchAll(SESSION_OPTIONS), ...decoded(text).matchAll(SESSION_OPTIONS)].map(([, value]) => value),
  ].filter((secret) => secret !== undefined)
  return [...new Set([...written, ...written.map(decoded)])].filter((secret) => secret !== '')
}

/** True for `user:password@...`, with or without a scheme, encoded or not; and for a user alone in a URL. */
export function hasCredentials(text: string): boolean {
  if (/^\s*(\.{0,2}\/|~|[a-z]:\\)/i.test(text)) return false
  return /^\s*[a-z][a-z0-9+.-]*:\/+.*@/is.test(text) || /^[^@]*:[^@]*@/s.test(text)
}

/** True for a connection string: it has credentials, or names a password. */
export function holdsSecret(text: string): boolean {
  return hasCredentials(text) || new RegExp(NAMED.source, 'i').test(text)
}

/** True for a text that looks like an S3 key: an AWS access key id, or 40 characters like an AWS secret key. */
export function looksLikeKey(text: string): boolean {
  if (/^A(KIA|SIA|ROA)[A-Z0-9]{16}$/.test(text)) return true
  return /^[A-Za-z0-9/+]{40}$/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
