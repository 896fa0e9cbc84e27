import type { CommandContext } from '../command-context.ts'
import { fitLines } from '../output/fit-lines.ts'
import { type LendTerminal, pagedOutput } from '../output/paged-output.ts'
import { DOT_COMMANDS, wrong } from './dot-command.ts'
import { translate, wordsOf } from './habits.ts'
import type { ShellSession } from './shell-session.ts'

/**
 * Runs a dot command and writes its output to stdout. Returns false to exit.
 * @throws DwhError CONFIG_INVALID, ABORTED, and the store's errors
 */
export async function runDotCommand(
  line: string,
  session: ShellSession,
  context: CommandContext,
  signal: AbortSignal,
  lend: LendTerminal | null = null,
): Promise<boolean> {
  const typed = wordsOf(line)
  const command = translate(typed, session)
  const pager = session.pager ? lend : null
  if (typeof command === 'function') return print(await command(typed.argument, session, signal), context, pager)
  const known = DOT_COMMANDS[command.name]
  if (!known) throw unknown(typed.name)
  return print(await known.run(command.argument, session, signal), context, pager)
}

async function print(text: string | null, context: CommandContext, lend: LendTerminal | null): Promise<boolean> {
  if (text === null) return false
  const size = context.stdout.size()
  const output = pagedOutput(context, lend)
  await output.write(size === null ? text : fitLines(text, size.columns))
  return output.end()
}

function unknown(name: string) {
  const close = Object.keys(DOT_COMMANDS).filter((known) => sameLetters(known, name))
  return wrong(
    `${name}: unknown command`,
    `${close.length > 0 ? `Did you mean ${close.join(' or ')}? ` : ''}.help lists the commands; SQL statements end with a semicolon.`,
  )
}

/** Whether two names begin alike, or only differ in the order of their letters. */
function sameLetters(a: string, b: string): boolean {
  const sorted = (name: string) => [...name.toLowerCase()].sort().join('')
  return a.startsWith(b.slice(0, 4)) || sorted(a) === sorted(b)
}
