import { type InputPiece, NEXT_INPUT } from './feed-inputs.ts'
import type { FramedPiece } from './framed-text.ts'
import { rowTooLarge } from './row-size.ts'

/**
 * A row up to this size shares its input with others; a longer one gets its own input, where it starts at the beginning
 * of the reader's buffer and fits into it.
 */
const SHARING_ROW_BYTES = 16 * 1024 * 1024
/**
 * Size of a full input. DuckDB collects up to 2,048 rows of one input before it writes any, and never rows of two
 * inputs.
 */
const INPUT_BYTES = 32 * 1024 * 1024
/** Number of inputs for a table of unknown size. */
const DEFAULT_INPUTS = 1024
/** Opening an unused input takes time too. */
const LEAST_INPUTS = 64
const MOST_INPUTS = 16_384

/** Number of inputs for a table of about `bytes` of text; `undefined`: unknown. */
export function inputsFor(bytes: number | undefined): number {
  return bytes === undefined
    ? DEFAULT_INPUTS
    : Math.min(MOST_INPUTS, Math.max(LEAST_INPUTS, Math.ceil(bytes / (INPUT_BYTES / 4))))
}

export interface PackInputsOptions {
  /**
   * Number of inputs. The size of an input doubles when half of them are used, again when half of the rest are, and so
   * on: a table that is larger than expected takes more memory, and still succeeds.
   */
  readonly count: number
  /** Maximum size of a row. */
  readonly maxRowBytes: number
  readonly columns: readonly unknown[]
}

/**
 * Divides rows into inputs, so that a reader never holds many long rows at once, nor a very long one together with
 * others. Holds at most one row of `SHARING_ROW_BYTES` here.
 * @throws DwhError ROW_TOO_LARGE, after the end of the row, when its length is known
 */
export async function* packInputs(
  framed: AsyncIterable<FramedPiece>,
  { count, maxRowBytes, columns }: PackInputsOptions,
): AsyncGenerator<InputPiece> {
  let input = 0
  let inputBytes = 0
  /** The beginning of a row that may still share the input. */
  let held: Uint8Array[] = []
  let rowBytes = 0
  /** True while a row with its own input passes. */
  let alone = false
  const growth = () => 2 ** Math.floor(Math.log2(count / Math.max(count - input, 1)))

  function* next(): Generator<InputPiece> {
    if (inputBytes === 0) return
    input += 1
    inputBytes = 0
    yield NEXT_INPUT
  }
  function* pass(bytes: Uint8Array): Generator<InputPiece> {
    if (bytes.length === 0 || rowBytes > maxRowBytes) return
    inputBytes += bytes.length
    yield bytes
  }
  function* release(): Generator<InputPiece> {
    for (const bytes of held) yield* pass(bytes)
    held = []
  }

  for await (const { bytes, firstEnd, lastEnd } of framed) {
    rowBytes += lastEnd === 0 ? bytes.length : firstEnd
    if (lastEnd > 0 && rowBytes > maxRowBytes) throw rowTooLarge('a row', rowBytes, columns, { maxRowBytes })
    if (lastEnd === 0 && !alone) {
      held.push(bytes)
      if (rowBytes <= SHARING_ROW_BYTES) continue
      alone = true
      yield* next()
      yield* release()
    } else if (lastEnd === 0) yield* pass(bytes)
    else {
      yield* release()
      yield* pass(bytes.subarray(0, lastEnd))
      if (alone || inputBytes >= INPUT_BYTES * growth()) yield* next()
      alone = false
      held = [bytes.subarray(lastEnd)].filter(({ length }) => length > 0)
      rowBytes = bytes.length - lastEnd
    }
  }
  yield* release()
}
