import type { Writable } from 'node:stream'
import type { Environment } from '@dwh/warehouse'

/** What a command may touch of the process: made once by main, so that commands take it as an argument. */
export interface CommandContext extends Environment {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Output
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly clock: () => Date
  readonly random: (bytes: number) => Uint8Array
  /** Fires on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** The exit code of a command that has answered, when the answer is bad news. */
  readonly exitWith: (code: number) => void
  /** Texts that are not to be shown in any message, such as a password. */
  readonly hide: (secrets: readonly string[]) => void
  /** All of them. */
  readonly hidden: () => readonly string[]
}

/** Where answers go. */
export interface Output {
  /** Writes, and waits until more can be taken; false once the reader has gone away, which is not an error: there is nobody left to tell. */
  write(text: string): Promise<boolean>
}

export function output(stream: Writable): Output {
  let gone = false
  let wake = () => {}
  stream.on('drain', () => wake())
  // stdout cannot be destroyed, and says of every later write again that nobody reads it
  stream.on('error', () => {
    gone = true
    wake()
  })
  return {
    async write(text) {
      if (gone) return false
      if (!stream.write(text)) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return !gone
    },
  }
}
