export const RESULT_FORMATS = ['table', 'vertical', 'auto', 'json', 'jsonl', 'csv', 'tsv', 'markdown'] as const
export type ResultFormat = (typeof RESULT_FORMATS)[number]

/** Formats for programs and files, which hold all rows. */
export const EXPORT_FORMATS = ['csv', 'tsv', 'json', 'jsonl', 'parquet'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export const DELIMITERS = { csv: ',', tsv: '\t' } as const

export interface FormatOptions {
  /**
   * The row limit of `table`, `vertical`, `auto` and `markdown`, which hold their rows in memory; 0 for all rows.
   * Default 1,000. The other formats stream all rows.
   */
  readonly maxRows?: number | undefined
  /**
   * Columns of the terminal. `table` cuts long texts and leaves columns out to fit, and says so below; `vertical` wraps
   * long values; `auto` is `vertical` where a table would leave columns out. Default: no limit, and `auto` is `table`.
   */
  readonly width?: number | undefined
  /** What shows all columns of a cut table, such as `--format vertical`. Named below it. */
  readonly seeAll?: string | undefined
  /** Whether `csv` and `tsv` begin with the names of the columns. Default true. */
  readonly header?: boolean | undefined
  /** Called with a sentence when there were more rows. */
  readonly onNote?: ((note: string) => void) | undefined
}

export const DEFAULT_MAX_ROWS = 1000
