import type { CompleterResult } from 'node:readline'
import { DOT_COMMANDS } from './dot-command.ts'
import { isDotCommand } from './habits.ts'
import type { ShellSession } from './shell-session.ts'

/**
 * Completes a line that follows `before` in the same statement. Returns the completions, and the end of the line that
 * they replace.
 */
export async function complete(before: string, line: string, session: ShellSession): Promise<CompleterResult> {
  if (before.trim() === '' && isDotCommand(line)) return completeDotCommand(line, session)
  const text = before + line
  const found = await session.suggest(text)
  const start = found[0]?.start ?? text.length
  const typed = text.slice(start)
  // readline cannot replace a word of an earlier line
  if (start < before.length) return [[], line]
  // DuckDB also offers names that are only similar
  const likely = found.filter((one) => one.start === start && one.text.toLowerCase().startsWith(typed.toLowerCase()))
  return [likely.map((one) => one.text), typed]
}

function completeDotCommand(line: string, session: ShellSession): CompleterResult {
  const [, name = '', blank = '', argument = ''] = /^(\S*)(\s*)(.*)$/.exec(line) ?? []
  const [words, typed] =
    blank === '' ? [Object.keys(DOT_COMMANDS), name] : [DOT_COMMANDS[name]?.words?.(session) ?? [], argument]
  return [words.filter((word) => word.startsWith(typed)), typed]
}
