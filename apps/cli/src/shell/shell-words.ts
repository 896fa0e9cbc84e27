import { DwhError, isDwhError } from '@dwh/core'

/** What messages and hints name, and what does the same in the shell. */
const WORDS: readonly [RegExp, string][] = [
  [/`dwh tables`/g, '`.tables`'],
  [/--no-pager\b/g, '.pager off'],
  [/--(max-rows|format|as-of)\b/g, '.$1'],
]

/** Puts the commands of the shell in place of those of the command line. */
export function shellWords(text: string): string {
  return WORDS.reduce((rest, [pattern, word]) => rest.replace(pattern, word), text)
}

/** The same error, whose hint names commands of the shell. */
export function inShellWords(error: unknown): unknown {
  if (!isDwhError(error) || !error.hint) return error
  const { code, message, hint, context, cause } = error
  return new DwhError(code, message, { hint: shellWords(hint), context, cause })
}
