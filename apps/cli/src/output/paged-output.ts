import stringWidth from 'string-width'
import type { Output } from '../command-context.ts'
import { type PagerContext, pagerCommand, type RunningPager, runPager } from './run-pager.ts'
import type { TerminalSize } from './terminal-size.ts'

/** Takes the text of one result. */
export interface PagedOutput {
  /** Returns false once nobody reads on. */
  write(text: string): Promise<boolean>
  /** Waits until the user has left the pager. Returns whether stdout still takes text. */
  end(): Promise<boolean>
}

/** Prepares the terminal for another program that reads its keys; the returned function takes it back. */
export type LendTerminal = () => () => void

/**
 * Passes a text on to stdout, or to a pager as soon as it is longer than the screen. Without `lend`, and where stdout is
 * no terminal, there is no pager. `onLeft` is called when the user leaves the pager before the text has ended.
 */
export function pagedOutput(
  context: PagerContext,
  lend: LendTerminal | null,
  onLeft: () => void = () => {},
): PagedOutput {
  const { stdout, env } = context
  const size = stdout.size()
  const command = pagerCommand(env)
  return size === null || command === null || lend === null
    ? plainOutput(stdout)
    : new OnScreen(size, stdout, () => {
        const takeBack = lend()
        const pager = runPager(command, context, onLeft)
        return {
          write: (text) => pager.write(text),
          end: () => pager.end().finally(takeBack),
        }
      })
}

function plainOutput(stdout: Output): PagedOutput {
  let open = true
  return {
    async write(text) {
      open = await stdout.write(text)
      return open
    },
    end: async () => open,
  }
}

class OnScreen implements PagedOutput {
  readonly #size: TerminalSize
  readonly #stdout: Output
  readonly #start: () => RunningPager
  #held = ''
  #lines = 0
  #pager: RunningPager | null = null

  constructor(size: TerminalSize, stdout: Output, start: () => RunningPager) {
    this.#size = size
    this.#stdout = stdout
    this.#start = start
  }

  async write(text: string): Promise<boolean> {
    if (this.#pager) return this.#pager.write(text)
    this.#held += text
    this.#lines += screenLines(text, this.#size)
    // one line is left for the prompt
    if (this.#lines < this.#size.rows) return true
    this.#pager = this.#start()
    return this.#pager.write(this.#held)
  }

  async end(): Promise<boolean> {
    if (!this.#pager) return this.#stdout.write(this.#held)
    await this.#pager.end()
    return true
  }
}

/** Lines that a text takes on the screen, where longer ones wrap. */
function screenLines(text: string, { columns, rows }: TerminalSize): number {
  const lines = text.split('\n')
  const heights = lines.map((line) => Math.ceil(stringWidth(line.slice(0, columns * rows)) / columns))
  return heights.reduce((sum, height) => sum + Math.max(height, 1), 0) - 1
}
