import { type CompleterResult, createInterface } from 'node:readline'

export interface TerminalOptions {
  readonly stdin: NodeJS.ReadStream
  /** Where the prompt is written: stdout carries only results. */
  readonly stderr: NodeJS.WriteStream
  /** Ends the input. */
  readonly signal: AbortSignal
  /** Earlier lines, newest first. */
  readonly history: string[]
  readonly complete: (line: string) => Promise<CompleterResult>
}

/** Reads lines from a terminal. */
export interface TerminalInput {
  /** Returns the next line; undefined after Ctrl-C, null at the end of the input. */
  ask(prompt: string): Promise<string | undefined | null>
  /** Runs something that Ctrl-C can stop. */
  stoppable<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Leaves the keys to another program; the returned function takes them back. */
  lend(): () => void
  close(): void
}

export function openTerminal({ stdin, stderr, signal, history, complete }: TerminalOptions): TerminalInput {
  const typed: (string | undefined | null)[] = []
  let running: AbortController | null = null
  let wake = () => {}
  const put = (line: string | undefined | null) => {
    typed.push(line)
    wake()
  }
  const reader = createInterface({
    input: stdin,
    output: stderr,
    terminal: true,
    history,
    historySize: 1_000,
    removeHistoryDuplicates: true,
    completer: (line: string, done: (error: null, result: CompleterResult) => void) => {
      // the session answers one question at a time
      if (running) done(null, [[], line])
      else
        complete(line).then(
          (result) => done(null, result),
          () => done(null, [[], line]),
        )
    },
  })
  const close = () => reader.close()
  reader.on('line', put)
  reader.on('close', () => put(null))
  reader.on('SIGINT', () => {
    stderr.write('^C\n')
    if (running) {
      running.abort('Ctrl-C')
      return
    }
    // clears the line; two keys, since the cursor may be anywhere
    reader.write(null, { ctrl: true, name: 'e' })
    reader.write(null, { ctrl: true, name: 'u' })
    put(undefined)
  })
  signal.addEventListener('abort', close)

  return {
    async ask(prompt) {
      reader.setPrompt(prompt)
      if (typed.length === 0) reader.prompt(true)
      while (typed.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const line = typed.shift()
      // Ctrl-D leaves the cursor behind the prompt
      if (line === null) stderr.write('\n')
      return line
    },
    async stoppable(act) {
      running = new AbortController()
      try {
        return await act(AbortSignal.any([signal, running.signal]))
      } finally {
        running = null
      }
    },
    lend() {
      reader.pause()
      stdin.setRawMode(false)
      return () => {
        if (signal.aborted) return
        stdin.setRawMode(true)
        reader.resume()
      }
    },
    close() {
      signal.removeEventListener('abort', close)
      close()
    },
  }
}
