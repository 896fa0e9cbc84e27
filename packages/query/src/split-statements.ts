/**
 * Splits an SQL text into statements, unchanged, and omits blank ones and those with comments only. Recognises
 * everything that may contain a semicolon in DuckDB's dialect, which is that of Postgres: comments (which nest), quoted
 * names, texts (doubled quotes; backslashes in `e'...'`) and dollar quotes.
 */
export function splitStatements(sql: string): string[] {
  const { statements, rest, blank } = scan(sql)
  return blank ? statements : [...statements, rest]
}

export interface TakenStatements {
  /** The statements that end with a semicolon. */
  readonly statements: string[]
  /** The unfinished text after the last of them: empty when only a comment has begun. */
  readonly rest: string
  /** The open quote or comment in the rest: `'`, `"`, `$` or `/*`; null where a semicolon would end the statement. */
  readonly within: string | null
}

/** Takes the complete statements from the beginning of a text that is still being typed. */
export function takeStatements(sql: string): TakenStatements {
  const { statements, rest, blank, within } = scan(sql)
  return { statements, rest: blank && within === null ? '' : rest, within }
}

/** `blank`: the rest consists of comments and space only; the last comment may be open. */
function scan(sql: string): TakenStatements & { readonly blank: boolean } {
  const statements: string[] = []
  let start = 0
  let blank = true
  let within: string | null = null
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at)
    within = openIn(token)
    if (token === ';') {
      if (!blank) statements.push(sql.slice(start, at))
      start = at + 1
      blank = true
    } else if (!/^(?:\s|--|\/\*)/.test(token)) {
      blank = false
    }
    at += token.length
  }
  return { statements, rest: sql.slice(start), blank, within }
}

/** Returns how an open token begins; null for a closed one. Only the last token of a text can be open. */
function openIn(token: string): string | null {
  if (token.startsWith('/*')) return commentAt(`${token} `, 0) === token ? null : '/*'
  const dollar = /^\$\w*\$/.exec(token)?.[0]
  if (dollar !== undefined) return token.length > dollar.length && token.endsWith(dollar) ? null : '$'
  const quote = /^[eE]?(['"])/.exec(token)?.[1]
  if (quote === undefined) return null
  const closed = /^(?:[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*")$/
  return closed.test(token) ? null : quote
}

const TOKEN =
  /--[^\n]*|[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[\w\u0080-\uffff$]+|\s+/y

/** Returns the token at a position: a whole comment, quoted text or word, or one character. */
function tokenAt(sql: string, at: number): string {
  if (sql.startsWith('/*', at)) return commentAt(sql, at)
  TOKEN.lastIndex = at
  const token = TOKEN.exec(sql)?.[0] ?? (sql[at] as string)
  if (!/^\$.*\$$/.test(token)) return token
  const end = sql.indexOf(token, at + token.length)
  return end < 0 ? sql.slice(at) : sql.slice(at, end + token.length)
}

function commentAt(sql: string, at: number): string {
  let depth = 0
  for (let i = at; i < sql.length; i += 1) {
    const two = sql.slice(i, i + 2)
    if (two === '/*') depth += 1
    if (two === '*/') depth -= 1
    if (two === '/*' || two === '*/') i += 1
    if (depth === 0) return sql.slice(at, i + 1)
  }
  return sql.slice(at)
}
