import { createInterface } from 'node:readline'
import { throwIfAborted } from '@dwh/core'
import { takeStatements } from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'
import { isDotCommand } from './habits.ts'
import { runDotCommand } from './run-dot-command.ts'
import type { ShellSession } from './shell-session.ts'

/**
 * Runs stdin as a script: statements and dot commands, each as soon as it is complete. The last statement needs no
 * semicolon. Stops at the first error and throws it.
 */
export async function runScript(session: ShellSession, context: CommandContext): Promise<void> {
  const { stdin: input, signal } = context
  let text = ''
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, signal })) {
    throwIfAborted(signal, 'shell')
    if (isDotCommand(line) && takeStatements(text).rest === '') {
      if (!(await runDotCommand(line, session, context, signal))) return
      continue
    }
    text += `${line}\n`
    // without a semicolon no statement has ended
    if (!line.includes(';')) continue
    const { statements, rest } = takeStatements(text)
    for (const sql of statements) if (!(await session.run(sql, signal))) return
    text = rest
  }
  throwIfAborted(signal, 'shell')
  await session.run(text, signal)
}
