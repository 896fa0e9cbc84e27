/**
 * The statements of an SQL text, each as it was written, without those that are blank or comment only. Knows what may hide a semicolon in DuckDB's dialect, which is
 * that of Postgres: comments (which nest), quoted names, texts (doubled quotes; backslashes in `e'...'`) and dollar quotes.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = []
  let start = 0
  let blank = true
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at)
    if (token === ';') {
      if (!blank) statements.push(sql.slice(start, at))
      start = at + 1
      blank = true
    } else if (!/^(?:\s|--|\/\*)/.test(token)) {
      blank = false
    }
    at += token.length
  }
  if (!blank) statements.push(sql.slice(start))
  return statements
}

const TOKEN =
  /--[^\n]*|[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[\w\u0080-\uffff$]+|\s+/y

/** The piece of SQL at a position: a whole comment, quoted text or word, or one character. */
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
