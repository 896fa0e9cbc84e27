import type { Writable } from 'node:stream'
import type { Surroundings } from './config/load-config.ts'

/** What a command may touch of the world: made once by main, so that commands take it as an argument. */
export interface World extends Surroundings {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly clock: () => Date
  readonly random: (bytes: number) => Uint8Array
  /** Fires on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Texts that are not to be shown in any message, such as a password. */
  readonly hide: (secrets: readonly string[]) => void
}

/** Writes to a stream and waits until it takes more. A reader that has gone away is not an error: there is nobody left to tell. */
export async function write(stream: Writable, text: string): Promise<void> {
  if (stream.destroyed || stream.write(text)) return
  await new Promise<void>((resolve) => {
    stream.once('drain', resolve).once('close', resolve)
  })
}
