import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DwhError, nearest } from '@dwh/core'
import * as v from 'valibot'
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { configSchema, keysAt } from './config-schema.ts'
import type { ConfigValues } from './config-values.ts'
import type { Variables } from './given-values.ts'
import { refuseSecrets, WITHOUT_VALUES } from './refuse-secrets.ts'
import { renamedHint } from './renamed-values.ts'
import { yamlMistake } from './yaml-mistake.ts'

export interface ConfigFile {
  /** Absolute. */
  readonly path: string
  /** Values of the file, without those listed in `unset`. */
  readonly values: ConfigValues
  readonly unset: readonly UnsetVariable[]
}

/** A value that uses an unset variable, in a part of the file that not every command needs. */
export interface UnsetVariable {
  /** Path of the value: `source`; or `schedule`, `webhook`. */
  readonly path: Path
  /** Thrown when the value is read. */
  readonly error: DwhError
}

type Path = readonly (string | number)[]

/** Parts with secrets that a query or a machine without a scheduler may not have. */
const NOT_FOR_ALL: ReadonlySet<Path[number] | undefined> = new Set(['source', 'schedule'])

/** Files to look for in the working folder, in this order, if no file is named. JSON is valid YAML. */
const NAMES = ['dwh.yaml', 'dwh.yml', 'dwh.json']

/**
 * Reads the configuration file: the named one, or the first of `dwh.yaml`, `dwh.yml`, `dwh.json` in `folder`. Returns
 * null if no file is named and none exists.
 * `${NAME}` in any text is replaced from the environment, `${NAME:-fallback}` has a fallback, `$${` stands for `${`.
 * Replacement happens after parsing, so the content of a variable is always one value. A variable that is not set is an
 * error, except in `source` and `schedule`: these values are listed in `unset`.
 * @throws DwhError CONFIG_INVALID, with file, line, and the nearest valid key
 */
export async function readConfigFile(
  named: string | undefined,
  folder: string,
  env: Variables,
): Promise<ConfigFile | null> {
  const candidates = named === undefined ? NAMES.map((file) => join(folder, file)) : [resolve(folder, named)]
  for (const path of candidates) {
    const text = await readIfThere(path)
    if (text !== null) return { path, ...parseConfig(text, path, env) }
  }
  if (named === undefined) return null
  throw new DwhError('CONFIG_INVALID', `${named}: no such file`, {
    hint: 'Correct --config or DWH_CONFIG, or leave it out to use dwh.yaml here.',
  })
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new DwhError('CONFIG_INVALID', `${path}: cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: 'Give this user permission to read the file.',
    })
  }
}

function parseConfig(text: string, path: string, env: Variables): Omit<ConfigFile, 'path'> {
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
  const keys = (issue.path ?? []).map((item) => item.key as string | number)
  const where = at(keys)
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const known = keysAt(keys.slice(0, -1))
    throw invalid(where, `unknown key${shownKey(keys.at(-1))}`, nearestKey(String(keys.at(-1)), known))
  }
  throw invalid(
    where,
    `${keys.join('.') || 'the file'}: ${issue.message}`,
    renamedHint(issue) ?? 'See docs/configuration.md for what each key takes.',
  )
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
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, env, [...path, index], onUnset))
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
