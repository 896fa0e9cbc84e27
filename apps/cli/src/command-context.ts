import type { Writable } from 'node:stream'
import type { Environment } from '@dwh/warehouse'

/** Everything of the process that a command may use. Created once by main and passed to each command. */
export interface CommandContext extends Environment {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Output
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly clock: () => Date
  readonly random: (bytes: number) => Uint8Array
  /** Fires on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
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
}

export function output(stream: Writable): Output {
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
  }
}
