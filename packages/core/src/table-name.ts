import { DwhError } from './errors.ts'

/** A table's schema and name. Schema `public` may be omitted, for every kind of source. */
export interface TableName {
  readonly schema: string
  readonly name: string
}

/** The schema whose tables are called by their bare name. */
export const DEFAULT_SCHEMA = 'public'

/**
 * Returns the one spelling of a table's name, for people, `etl.json` and configuration: `customers`,
 * `billing.invoices`. A part is quoted as in SQL (`"a.b"`, `billing."say ""hi"""`) if it contains a dot or a double
 * quote, is empty, or is a property of JavaScript's own objects (`constructor`). `parseTableName` reads it back.
 */
export function formatTableName(table: TableName): string {
  return join(table, (part) => (isReserved(part) ? quote(part) : plainPart(part)))
}

function join(table: TableName, spell: (part: string) => string): string {
  return table.schema === DEFAULT_SCHEMA ? spell(table.name) : `${spell(table.schema)}.${spell(table.name)}`
}

function plainPart(part: string): string {
  return part === '' || /[."]/.test(part) ? quote(part) : part
}

function quote(part: string): string {
  return `"${part.replaceAll('"', '""')}"`
}

/** Names that are not safe as plain keys of JavaScript objects and of validators. Quoted, they are safe. */
function isReserved(part: string): boolean {
  return part === 'prototype' || part in Object.prototype
}

const PART = /(?:"((?:[^"]|"")*)"|([^."]+))/y

/**
 * Parses a table's name: `customers`, `public.customers`, `billing.invoices`, `"a.b"`.
 * @throws DwhError CONFIG_INVALID when the text is not one name or two names joined by a dot
 */
export function parseTableName(text: string): TableName {
  const parts: string[] = []
  let at = 0
  for (;;) {
    PART.lastIndex = at
    const match = PART.exec(text)
    if (!match) break
    parts.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    at = PART.lastIndex
    if (text[at] !== '.') break
    at += 1
  }
  const [first, second] = parts
  if (first === undefined || at !== text.length || text.endsWith('.') || parts.length > 2 || parts.includes('')) {
    throw new DwhError('CONFIG_INVALID', `table name ${JSON.stringify(text)}: not valid`, {
      hint: 'Write orders, or billing.invoices; put a name that contains a dot in double quotes: "a.b".',
    })
  }
  return second === undefined ? { schema: DEFAULT_SCHEMA, name: first } : { schema: first, name: second }
}

/**
 * Returns whether a pattern matches a table. `*` matches any characters, `?` one character, a backslash makes the next
 * character literal; upper and lower case differ. The pattern is compared with the name that `formatTableName` returns,
 * and for a table of `public` also with `public.` before it: `*` matches every table, `orders` matches
 * `public.orders`, `billing.*` matches all of `billing`.
 */
export function matchesTable(pattern: string, table: TableName): boolean {
  const expression = patternToRegExp(pattern)
  const spellings = [
    formatTableName(table),
    join(table, plainPart),
    `${plainPart(table.schema)}.${plainPart(table.name)}`,
  ]
  return spellings.some((spelling) => expression.test(spelling))
}

/** Returns the pattern that matches this table only. */
export function exactPattern(table: TableName): string {
  return formatTableName(table).replace(/[\\*?]/g, '\\$&')
}

/** True for a pattern without wildcards, which matches one table only. */
export function isExactPattern(pattern: string): boolean {
  return !/[*?]/.test(pattern.replace(/\\./gsu, ''))
}

function patternToRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\\(.)|[\s\S]/gu, (token, escaped: string | undefined) => {
    if (escaped !== undefined) return literal(escaped)
    if (token === '*') return '.*'
    return token === '?' ? '.' : literal(token)
  })
  return new RegExp(`^${source}$`, 'su')
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&')
}
