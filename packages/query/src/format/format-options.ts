export const RESULT_FORMATS = ['table', 'json', 'jsonl', 'csv', 'tsv', 'markdown'] as const
export type ResultFormat = (typeof RESULT_FORMATS)[number]

/** Formats for programs and files, which hold all rows. */
export const EXPORT_FORMATS = ['csv', 'tsv', 'json', 'jsonl', 'parquet'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export const DELIMITERS = { csv: ',', tsv: '\t' } as const

export interface FormatOptions {
  /**
   * The row limit of `table` and `markdown`, which hold their rows in memory; 0 for all rows. Default 1,000. The other
   * formats stream all rows.
   */
  readonly maxRows?: number | undefined
  /** Whether `csv` and `tsv` begin with the names of the columns. Default true. */
  readonly header?: boolean | undefined
  /** Called with a sentence when there were more rows. */
  readonly onNote?: ((note: string) => void) | undefined
}

export const DEFAULT_MAX_ROWS = 1000
