import type { ColumnType, StoreAs } from '@dwh/core'

/** How a Postgres type is read and what it becomes. The functions take a quoted column and return an SQL expression. */
export interface TypeMapping {
  readonly type: ColumnType
  /** `exact`: the same value comes back. `text`: the exact text that Postgres prints. */
  readonly verdict: 'exact' | 'text'
  /** Expression that sends a value as the text that `type` accepts. */
  readonly select: (column: string) => string
  /** Expression of the value that the proof measures. */
  readonly value: (column: string) => string
  /** True if `value` has a type whose text is its bytes. */
  readonly plainText?: boolean
  /**
   * True if DuckDB's extension `postgres` reads the value exactly by itself, except for NaN in a DECIMAL; other values
   * are sent as text.
   */
  readonly binary?: boolean
  /** For a list: how its elements are measured. */
  readonly element?: TypeMapping
  /**
   * What the values decide. `scale`: whether they fit a DECIMAL, and which. `shape`: whether every array is a list.
   * Until then `type` accepts every value.
   */
  readonly inferred?: 'scale' | 'shape'
  /** Other types that the settings may choose. */
  readonly allowedTypes: Readonly<Partial<Record<StoreAs, TypeMapping>>>
  /**
   * For a type whose text may be in another encoding than the database declares: the mapping that decodes its bytes
   * from an encoding, given by Postgres's name.
   */
  readonly decoded?: (encoding: string) => TypeMapping
  /** For a text that is sent as UTF-8 bytes: the expression of the stored text, and how it is encoded. */
  readonly utf8?: { readonly text: (column: string) => string; readonly encode: (text: string) => string }
  /** For a chosen type: the condition that is true if a value is not stored exactly. */
  readonly lossy?: (column: string) => string
}
