import { printable } from '@dwh/core'
import type { PlanNote } from '@dwh/warehouse'
import { wrapWords } from './lines.ts'

/** A terminal that nobody has made wider. */
const WIDTH = 80

/** A note in lines that fit a terminal; a statement, to be pasted, is one line of its own. */
export function noteLines({ found, fix, sql }: PlanNote, mark: string): string {
  const text = fix === null ? `${found}.` : `${found}. ${fix}`
  const indent = ' '.repeat(mark.length + 1)
  const [first = '', ...rest] = wrapWords(printable(text), WIDTH - indent.length)
  const lines = [`${mark} ${first}`, ...rest.map((line) => indent + line)]
  return `${[...lines, ...(sql === null ? [] : [`${indent}  ${printable(sql)}`])].join('\n')}\n`
}
