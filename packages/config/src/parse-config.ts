import { DwhError, nearest } from '@dwh/core'
import * as v from 'valibot'
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import type { ConfigFile, Path, UnsetVariable } from './config-file.ts'
import { configSchema, keysAt } from './config-schema.ts'
import type { Variables } from './given-values.ts'
import { mistakenValue } from './mistaken-value.ts'
import { refuseSecrets, WITHOUT_VALUES } from './refuse-secrets.ts'
import { yamlMistake } from './yaml-mistake.ts'

/** Parts with secrets that a query or a machine without a scheduler may not have. */
const NOT_FOR_ALL: ReadonlySet<Path[number] | undefined> = new Set(['source', 'schedule'])

/**
 * Parses the text of a configuration file, replaces variables, and checks every value.
 * @throws DwhError CONFIG_INVALID, with file, line, and the nearest valid key
 */
export function parseConfig(text: string, path: string, env: Variables): Omit<ConfigFile, 'path'> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error)
    throw invalid(`${path}:${lines.linePos(error.pos[0]).line}`, yamlMistake(error.code), 'Correct the YAML there.')

  /** `dwh.yaml:12`: file and line of the nearest node on a path. */
  function at(keys: Path): string {
    for (let length = keys.length; length > 0; length -= 1) {
      const node = document.getIn(keys.slice(0, length), true)
      if (isNode(node) && node.range) return `${path}:${lines.linePos(node.range[0]).line}`
    }
    return path
  }

  const unset: UnsetVariable[] = []
  const value = substitute(plainValue(document, path) ?? {}, env, [], (keys, what, hint) => {
    const error = invalid(at(keys), what, hint)
    if (!NOT_FOR_ALL.has(keys[0])) throw error
    unset.push({ path: keys, error })
  })
  const result = v.safeParse(configSchema, value, WITHOUT_VALUES)
  if (result.success) {
    refuseSecrets(value as object, (keys) => `${at(keys)}: ${keys.join('.')}`)
    return { values: result.output, unset }
  }
  const [issue] = result.issues
  const { keys, what, hint } = mistakenValue(issue)
  if (issue.expected === 'never' && keys.length === issue.path?.length) {
    const known = keysAt(keys.slice(0, -1))
    throw invalid(at(keys), `unknown key${shownKey(keys.at(-1))}`, nearestKey(String(keys.at(-1)), known))
  }
  throw invalid(at(keys), `${keys.join('.') || 'the file'}: ${what}`, hint)
}

/** Converts the document to plain values. The parser does not report an alias without an anchor; this does. */
function plainValue(document: Document, path: string): unknown {
  try {
    return document.toJS()
  } catch {
    throw invalid(path, yamlMistake('BAD_ALIAS'), 'Correct the YAML there.')
  }
}

/** Shows a key only if it is a plain word: a missing colon or quote can turn a secret into a key. */
function shownKey(key: string | number | undefined): string {
  return /^[a-z_-]{1,32}$/i.test(String(key)) ? ` ${JSON.stringify(key)}` : ''
}

function nearestKey(wrong: string, known: readonly string[]): string {
  const candidate = nearest(wrong, known)
  return candidate !== null ? `Did you mean ${candidate}?` : `Known here: ${known.join(', ')}.`
}

/** Replaces variables in all texts. A text with an unset variable becomes undefined, and `onUnset` is called. */
function substitute(
  value: unknown,
  env: Variables,
  path: Path,
  onUnset: (keys: Path, what: string, hint: string) => void,
): unknown {
  if (Array.isArray(value))
    return value
      .map((item, index) => substitute(item, env, [...path, index], onUnset))
      .filter((item) => item !== undefined)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, substitute(item, env, [...path, key], onUnset)]),
    )
  }
  if (typeof value !== 'string') return value
  let complete = true
  const text = value.replace(
    /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (token, name: string | undefined, fallback: string | undefined) => {
      if (name === undefined) return '${'
      const found = env[name] || fallback
      if (found !== undefined) return found
      onUnset(path, `${token}: ${name} is not set`, `Set ${name}, or write \${${name}:-fallback}.`)
      complete = false
      return token
    },
  )
  return complete ? text : undefined
}

function invalid(where: string, what: string, hint: string): DwhError {
  return new DwhError('CONFIG_INVALID', `${where}: ${what}`, { hint })
}
