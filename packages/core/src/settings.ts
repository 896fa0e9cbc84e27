import type { StoreAs } from './lossy-conversion.ts'
import type { ProofLevel } from './proof.ts'
import type { ExtractionMethod } from './source.ts'

/**
 * `auto`: the fastest method that works for the table. `native`: wherever it reads exactly, and an error where DuckDB
 * has no extension for it.
 */
export type ExtractSetting = 'auto' | ExtractionMethod

/**
 * What happens to a run in which tables failed. `fail`: nothing of it is published. `keep-previous`: they stay as an
 * earlier run left them, beside what this one
 * has read; they are then of another instant than the rest.
 */
export type OnTableError = 'fail' | 'keep-previous'

/** What the configuration says of one table. Columns go by their names in the source. */
export interface TableSettings {
  /** Leave the table out. */
  readonly exclude?: boolean | undefined
  /** Its name in the warehouse: `clients`, `sales.clients`. */
  readonly name?: string | undefined
  readonly columns?:
    | {
        readonly exclude?: readonly string[] | undefined
        readonly rename?: Readonly<Record<string, string>> | undefined
        /** How single columns are stored, where that is not how they are stored by themselves. */
        readonly types?: Readonly<Record<string, StoreAs>> | undefined
      }
    | undefined
  /** A condition in the source's own language; rows for which it does not hold are left out. */
  readonly where?: string | undefined
  /** How it leaves the source. Default: what `SelectionSettings` says. */
  readonly extract?: ExtractSetting | undefined
  /** How much is compared with the source after the table was written. Default: what `SelectionSettings` says. */
  readonly verify?: ProofLevel | undefined
}

/** Which tables of a source are read, and how. Patterns are those of `matchesTable`. */
export interface SelectionSettings {
  /**
   * Default `*`. A view, a foreign table or a table of an extension is read only when a pattern without wildcards, or
   * `tables`, names it.
   */
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  /**
   * The same as `columns.types`, for every column of a type: by any name that the source knows it by, in any case and
   * without precision, such as `uuid` or `timestamptz`.
   */
  readonly types?: Readonly<Record<string, StoreAs>> | undefined
  /** For every table that does not say otherwise. Default `auto`. */
  readonly extract?: ExtractSetting | undefined
  /** For every table that does not say otherwise. Default `columns`. */
  readonly verify?: ProofLevel | undefined
  /** By table name, such as `orders` or `billing.invoices`. */
  readonly tables?: Readonly<Record<string, TableSettings>> | undefined
}
