import { printable } from '@dwh/core'
import type { PlanNote } from '@dwh/warehouse'
import { wrapWords } from '@dwh/warehouse'
import { DEFAULT_WIDTH } from '../help/help-width.ts'

/** Wraps a note to the width of a terminal. SQL to paste stays on one line of its own. */
export function noteLines({ found, fix, sql }: PlanNote, mark: string): string {
  const text = fix === null ? `${found}.` : `${found}. ${fix}`
  const indent = ' '.repeat(mark.length + 1)
  const [first = '', ...rest] = wrapWords(printable(text), DEFAULT_WIDTH - indent.length)
  const lines = [`${mark} ${first}`, ...rest.map((line) => indent + line)]
  return `${[...lines, ...(sql === null ? [] : [`${indent}  ${printable(sql)}`])].join('\n')}\n`
}
