export const RESULT_FORMATS = ['table', 'json', 'jsonl', 'csv', 'markdown'] as const
export type ResultFormat = (typeof RESULT_FORMATS)[number]

export interface FormatOptions {
  /**
   * The row limit of `table` and `markdown`, which hold their rows in memory; 0 for all rows. Default 1,000. The other
   * formats stream all rows.
   */
  readonly maxRows?: number | undefined
  /** Called with a sentence when there were more rows. */
  readonly onNote?: ((note: string) => void) | undefined
}

export const DEFAULT_MAX_ROWS = 1000
