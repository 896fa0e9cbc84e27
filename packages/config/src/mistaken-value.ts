import type { BaseIssue } from 'valibot'
import { isListOfSections, keysAt } from './config-schema.ts'
import { renamedHint } from './renamed-values.ts'

export interface MistakenValue {
  /** Path of the value. */
  readonly keys: readonly string[]
  readonly what: string
  readonly hint: string
}

/** Describes a value of the wrong kind in the file, without the value, and says how to write what was probably meant. */
export function mistakenValue(issue: BaseIssue<unknown>): MistakenValue {
  const path = issue.path ?? []
  // valibot takes a list for an object whose keys are numbers
  const list = path.findIndex((item) => item.type === 'object' && Array.isArray(item.input))
  const keys = (list < 0 ? path : path.slice(0, list)).map(({ key }) => String(key))
  const kind = list < 0 ? issue.type : 'list'
  const what = kind === 'list' ? 'expected keys with values, not a list' : (EXPECTED[kind] ?? issue.message)
  return { keys, what, hint: renamedHint(issue) ?? hintFor(keys, kind) }
}

/** By the kind that the schema expects, where valibot names a class of JavaScript. */
const EXPECTED: Readonly<Record<string, string>> = {
  strict_object: 'expected keys with values',
  record: 'expected keys with values',
  array: 'expected a list',
}

function hintFor(keys: readonly string[], kind: string): string {
  const name = keys.at(-1) ?? ''
  if (kind === 'array' && isListOfSections(keys))
    return `Write a list, each entry after a dash, with: ${keysAt([...keys, 0]).join(', ')}.`
  if (kind === 'array') return `Write it in brackets: ${name}: [first, second].`
  if (kind !== 'list' && EXPECTED[kind] === undefined) return 'See docs/configuration.md for what each key takes.'
  if (keys.join() === 'tables')
    return 'To read only some tables, write include: [orders, "billing.*"]. Below tables, each table has its settings: tables: { orders: { where: "id > 7" } }.'
  const known = keysAt(keys)
  const out = keys[0] === 'tables' && keys.length === 2 ? ' To leave the table out, write exclude: true.' : ''
  return known.length === 0 ? `Write ${name}: { name: value }.` : `Known here: ${known.join(', ')}.${out}`
}
