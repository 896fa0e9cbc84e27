import { fstatSync } from 'node:fs'
import type { Writable } from 'node:stream'
import type { Environment } from '@dwh/warehouse'
import { type MaybeTerminal, type TerminalSize, terminalSize } from './output/terminal-size.ts'

/** Everything of the process that a command may use. Created once by main and passed to each command. */
export interface CommandContext extends Environment {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Output
  readonly stderr: Writable & MaybeTerminal
  readonly clock: () => Date
  readonly random: (bytes: number) => Uint8Array
  /** Fires on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Leaves SIGINT to another program on the terminal, until this settles. */
  readonly leaveInterrupts: (until: Promise<unknown>) => void
  /** Sets the exit code of a command that has printed its result but found a problem. */
  readonly exitWith: (code: number) => void
  /** Adds texts that no message may show, such as a password. */
  readonly hide: (secrets: readonly string[]) => void
  /** Returns all of these texts. */
  readonly hidden: () => readonly string[]
}

/** Where results are written. */
export interface Output {
  /** Writes, and waits until more can be written. Returns false once the reader has closed the stream: not an error. */
  write(piece: string | Uint8Array): Promise<boolean>
  /** Returns the size of the terminal that shows the results; null if they go into a file or a pipe. */
  size(): TerminalSize | null
  /** True for a file on disk: another program's screen cannot be behind it, as it can be behind a pipe. */
  readonly isFile: boolean
}

export function output(stream: Writable & MaybeTerminal & { readonly fd: number }, env: Environment['env']): Output {
  let gone = false
  let wake = () => {}
  stream.on('drain', () => wake())
  // stdout cannot be destroyed: it emits the same error again for every later write
  stream.on('error', () => {
    gone = true
    wake()
  })
  return {
    async write(piece) {
      if (gone) return false
      if (!stream.write(piece)) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return !gone
    },
    size: () => terminalSize(stream, env),
    // with bigint: after an fstat of a pipe without it, Node 20 resolves no symbolic link (fs.realpathSync stops at it), so
    // that a module that is loaded later is not found
    isFile: fstatSync(stream.fd, { bigint: true }).isFile(),
  }
}
