import type { ColumnChoice } from './lossy-conversion.ts'
import type { ProofLevel } from './proof.ts'
import type { Reader } from './readers.ts'
import type { ExtractionMethod } from './source.ts'

/**
 * `auto`: the fastest method that works for the table. `native`: DuckDB reads the table if it can read it exactly; if
 * DuckDB lacks the extension, that is an error.
 */
export type ExtractSetting = 'auto' | ExtractionMethod

/**
 * What a run does when tables fail. `fail`: it publishes nothing. `keep-previous`: it publishes the other tables, and
 * the failed tables still show the previous version, which is from another instant.
 */
export type OnTableError = 'fail' | 'keep-previous'

/**
 * The days of which a table has a plain copy, `<table>/YYYY/MM/DD.parquet`. `changed`: the days on which it was read.
 * `month-end`: the last day of each month that is over.
 */
export type CopyPolicy = 'daily' | 'changed' | 'month-end' | 'never'

/** The configuration of one table. Columns go by their names in the source. */
export interface TableSettings {
  /** Leave the table out. */
  readonly exclude?: boolean | undefined
  /** The table's name in the warehouse: `clients`, `sales.clients`. */
  readonly name?: string | undefined
  readonly columns?:
    | {
        readonly exclude?: readonly string[] | undefined
        readonly rename?: Readonly<Record<string, string>> | undefined
        /** How columns are stored, where that differs from the default of their type. */
        readonly types?: Readonly<Record<string, ColumnChoice>> | undefined
      }
    | undefined
  /** A condition in the source's own language. Only rows that meet it are read. */
  readonly where?: string | undefined
  /** How the table is extracted from the source. Default: as in `SelectionSettings`. */
  readonly extract?: ExtractSetting | undefined
  /** How much is compared with the source after the table was written. Default: as in `SelectionSettings`. */
  readonly verify?: ProofLevel | undefined
  /** The programs that must read the table exactly; empty for only DuckDB. Default: as in `SelectionSettings`. */
  readonly readers?: readonly Reader[] | undefined
  /** Default: as in `SelectionSettings`. */
  readonly complete?: CopyPolicy | undefined
}

/** Which tables of a source are read, and how. Patterns work as in `matchesTable`. */
export interface SelectionSettings {
  /**
   * Default `*`. A view, a foreign table or a table of an extension is read only when a pattern without wildcards, or
   * `tables`, names it.
   */
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  /**
   * As `columns.types`, but for every column of a type. The key is any name of the type in the source, in any case and
   * without precision, such as `uuid` or `timestamptz`.
   */
  readonly types?: Readonly<Record<string, ColumnChoice>> | undefined
  /** For every table without its own setting: the programs that must read its files exactly. Default: only DuckDB. */
  readonly readers?: readonly Reader[] | undefined
  /** For every table without its own setting. Default `auto`. */
  readonly extract?: ExtractSetting | undefined
  /** For every table without its own setting. Default `columns`. */
  readonly verify?: ProofLevel | undefined
  /** For every table without its own setting. Default `daily`. */
  readonly complete?: CopyPolicy | undefined
  /** By table name, such as `orders` or `billing.invoices`. */
  readonly tables?: Readonly<Record<string, TableSettings>> | undefined
}
