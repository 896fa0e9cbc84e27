import type { AnyType, Form } from './container-types.ts'
import { delimiterOf } from './container-values.ts'

/*
 * Converts the text that Postgres's output functions print to the expected JSON. The parser of these text forms shares
 * no code with the SQL that made the file.
 * https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */

/** Converts a value, printed as `text` by Postgres, to JSON text; null for NULL. */
export function expectedJson(type: AnyType, text: string | null): string | null {
  if (text === null) return null
  switch (type.kind) {
    case 'leaf':
      return leafJson(type.form, text)
    case 'domain':
      return expectedJson(type.of, text)
    case 'composite': {
      const cells = readRecord(text)
      if (cells.length !== type.fields.length) throw new Error(`${cells.length} fields in ${text}`)
      const pairs = type.fields.map(
        ([name, of], i) => `${JSON.stringify(name)}:${expectedJson(of, cells[i] ?? null) ?? 'null'}`,
      )
      return `{${pairs.join(',')}}`
    }
    case 'array': {
      const json = (item: Item): string =>
        Array.isArray(item) ? `[${item.map(json).join(',')}]` : (expectedJson(type.of, item as string | null) ?? 'null')
      return json(readArray(text, delimiterOf(type.of)))
    }
  }
}

export type Item = string | null | readonly Item[]

/** Parses `(1,,"a ""b""")`; an empty field is NULL. */
export function readRecord(text: string): (string | null)[] {
  const cells: (string | null)[] = []
  let at = 1
  while (at < text.length) {
    const start = at
    let cell = ''
    let inQuotes = false
    for (; inQuotes || (text[at] !== ',' && text[at] !== ')'); at += 1) {
      if (at >= text.length) throw new Error(`missing end of ${text}`)
      const [char, next] = [text[at], text[at + 1]]
      if (char === '\\' || (char === '"' && inQuotes && next === '"')) {
        cell += next
        at += 1
      } else if (char === '"') inQuotes = !inQuotes
      else cell += char
    }
    cells.push(at === start ? null : cell)
    at += 1
  }
  return cells
}

/** Parses `[0:1]={a,"b \"c\"",NULL}`. */
export function readArray(text: string, delimiter: string): readonly Item[] {
  let at = text.indexOf('{')
  function list(): readonly Item[] {
    const items: Item[] = []
    at += 1
    while (text[at] !== '}') {
      items.push(item())
      if (text[at] === delimiter) at += 1
    }
    at += 1
    return items
  }
  function item(): Item {
    if (text[at] === '{') return list()
    if (text[at] !== '"') {
      const start = at
      while (text[at] !== delimiter && text[at] !== '}') at += 1
      const bare = text.slice(start, at)
      return bare === 'NULL' ? null : bare
    }
    let value = ''
    for (at += 1; text[at] !== '"'; at += 1) {
      if (text[at] === '\\') at += 1
      value += text[at]
    }
    at += 1
    return value
  }
  return list()
}

function leafJson(form: Form, text: string): string {
  switch (form) {
    case 'boolean':
      return text === 't' ? 'true' : 'false'
    case 'number':
      return /^(?:NaN|-?Infinity)$/.test(text) ? `"${text}"` : text
    case 'money':
      return text.replace(/[$,]/g, '')
    case 'moment':
      return JSON.stringify(text.replace(/^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?/, isoMoment))
    case 'document':
      return text
    case 'object':
      return objectJson(text)
    case 'text':
      return JSON.stringify(text)
  }
}

const isoMoment = (_: string, date: string, time: string, zone: string | undefined) =>
  `${date}T${time}${zone === undefined ? '' : '+00:00'}`

/** Parses `"a"=>"1", "b"=>NULL`; inside, quotes and backslashes are escaped with a backslash. */
function objectJson(text: string): string {
  const part = String.raw`"((?:[^"\\]|\\[\s\S])*)"`
  const pairs = [...text.matchAll(new RegExp(`${part}=>(?:${part}|NULL)`, 'g'))].map(([, key, value]) => {
    const json = (escaped: string) => JSON.stringify(escaped.replace(/\\([\s\S])/g, '$1'))
    return `${json(key ?? '')}: ${value === undefined ? 'null' : json(value)}`
  })
  return `{${pairs.join(', ')}}`
}
