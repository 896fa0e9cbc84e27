/** Merges several streams of text into one. */
export interface RowMerge {
  /** Starts to read a stream; also while others are being read. */
  add(stream: AsyncIterable<Uint8Array>): void
  /**
   * Yields the pieces of all streams as they arrive, until every stream has ended; the pieces of a row stay together.
   * Throws the first failure. Holds one piece of each stream. On failure and early exit all streams have ended when
   * this ends.
   */
  rows(): AsyncGenerator<Uint8Array>
}

interface Piece {
  readonly stream: AsyncIterable<Uint8Array>
  readonly bytes: Uint8Array
  taken(): void
}

/** Ends a row; it occurs nowhere else. */
export const NEWLINE = 0x0a

/** Merges streams of rows. `stop` ends streams that are waiting, possibly with an error. */
export function rowMerge(stop: () => void): RowMerge {
  const ready: Piece[] = []
  const reading = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  /** The stream whose row has begun and not ended. */
  let within: AsyncIterable<Uint8Array> | undefined
  let over = false
  let wake = () => {}

  async function read(stream: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of stream) {
        await new Promise<void>((taken) => {
          ready.push({ stream, bytes, taken })
          if (over) taken()
          wake()
        })
        if (over) return
      }
    } catch (error) {
      failure ??= { error }
    }
  }

  function next(): Piece | undefined {
    const at = within ? ready.findIndex(({ stream }) => stream === within) : 0
    const [piece] = at < 0 ? [] : ready.splice(at, 1)
    if (piece) within = piece.bytes.at(-1) === NEWLINE ? undefined : piece.stream
    return piece
  }

  return {
    add(stream) {
      const done = read(stream).then(() => {
        reading.delete(done)
        if (within === stream) within = undefined
        wake()
      })
      reading.add(done)
    },
    async *rows() {
      try {
        for (;;) {
          if (failure) throw failure.error
          const piece = next()
          if (piece) {
            piece.taken()
            yield piece.bytes
          } else if (reading.size === 0) return
          else {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          }
        }
      } finally {
        over = true
        for (const { taken } of ready) taken()
        if (reading.size > 0) stop()
        await Promise.all(reading)
      }
    },
  }
}
