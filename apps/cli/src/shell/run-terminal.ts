import { isDwhError } from '@dwh/core'
import { takeStatements } from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'
import { fitMessage, fitSentence } from '../output/fit-lines.ts'
import { reportError } from '../output/report-error.ts'
import { terminalSize } from '../output/terminal-size.ts'
import { complete } from './complete.ts'
import { DOT_COMMANDS } from './dot-command.ts'
import { isDotCommand, isKnownCommand } from './habits.ts'
import type { HistoryFile } from './history-file.ts'
import { openTerminal, type TerminalInput } from './open-terminal.ts'
import { runDotCommand } from './run-dot-command.ts'
import type { ShellSession } from './shell-session.ts'
import { inShellWords } from './shell-words.ts'
import { endOfStatement, unfinishedText } from './unfinished.ts'

export interface TerminalOptions {
  readonly session: ShellSession
  readonly context: CommandContext
  readonly history: HistoryFile
  readonly debug: boolean
}

/** How a statement or command ended. `leave` also ends the session. */
type End = 'done' | 'failed' | 'stopped' | 'leave'

/** Reads and runs statements until the user exits. An error is shown, and the session goes on. */
export async function runTerminal({ session, context, history, debug }: TerminalOptions): Promise<void> {
  let text = ''
  const terminal = openTerminal({
    stdin: context.stdin as NodeJS.ReadStream,
    stderr: context.stderr as NodeJS.WriteStream,
    signal: context.signal,
    history: await history.read(),
    complete: (line) => complete(text, line, session),
  })

  /** Runs one thing that Ctrl-C can stop. */
  async function attempt(act: (signal: AbortSignal) => Promise<boolean>): Promise<End> {
    try {
      return (await terminal.stoppable(act)) ? 'done' : 'leave'
    } catch (error) {
      const stopped = isDwhError(error, 'ABORTED')
      const { text } = reportError(inShellWords(error), { json: false, debug, secrets: context.hidden() })
      context.stderr.write(stopped ? 'stopped\n' : fitMessage(text, terminalSize(context.stderr, context.env)))
      return context.signal.aborted ? 'leave' : stopped ? 'stopped' : 'failed'
    }
  }

  /** After a statement that fails or is stopped, the rest of the line is not run: it may depend on that statement. */
  async function runAll(statements: readonly string[], vertical: boolean): Promise<End> {
    if (statements.length === 0) return 'done'
    const looked = await attempt((signal) => session.lookForNewer(signal))
    if (looked === 'stopped' || looked === 'leave') return looked
    const options = { lend: terminal.lend, ...(vertical ? { format: 'vertical' as const } : {}) }
    for (const sql of statements) {
      const end = await attempt((signal) => session.run(sql, signal, options))
      if (end !== 'done') return end
    }
    return 'done'
  }

  try {
    const help = 'Statements end with a semicolon; .help lists the commands.'
    for (const line of [session.describe(), help])
      context.stderr.write(`${fitSentence(line, terminalSize(context.stderr, context.env))}\n`)
    let previous = ''
    for (;;) {
      const line = await next(terminal, text, session)
      if (line === null) return
      if (line === undefined) {
        text = ''
        continue
      }
      await history.add(line)
      if (text.trim() === '' && isDotCommand(line)) {
        if ((await attempt((signal) => runDotCommand(line, session, context, signal, terminal.lend))) === 'leave')
          return
        continue
      }
      const command = isKnownCommand(line, DOT_COMMANDS)
      if (text !== '' && (command || (line.trim() === '' && previous.trim() === '')))
        context.stderr.write(unfinishedText(text))
      previous = line
      // within quotes it may belong to the text
      if (command && takeStatements(text).within === null) continue
      const typed = endOfStatement(`${text}${line}\n`)
      const { statements, rest } = takeStatements(typed.text)
      text = rest
      if ((await runAll(statements, typed.vertical)) === 'leave') return
    }
  } finally {
    terminal.close()
  }
}

function next(terminal: TerminalInput, text: string, { shownDay }: ShellSession): Promise<string | null | undefined> {
  const prompt = shownDay.day === null ? 'dwh> ' : `${shownDay.day}> `
  if (text === '') return terminal.ask(prompt)
  const within = takeStatements(text).within ?? '-'
  return terminal.ask(`${within}> `.padStart(prompt.length))
}
