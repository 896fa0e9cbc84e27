import type { ColumnType, StoreAs } from '@dwh/core'

/** How a Postgres type is read and what it becomes. SQL expressions are made of the (quoted) column. */
export interface TypeMapping {
  readonly type: ColumnType
  /** `exact`: the same value comes back. `text`: the exact text that Postgres prints. */
  readonly verdict: 'exact' | 'text'
  /** Sends a value as the text that `type` takes. */
  readonly select: (column: string) => string
  /** The value that is measured. */
  readonly value: (column: string) => string
  /** True where `value` is of a type whose text is its bytes. */
  readonly plainText?: boolean
  /**
   * True where DuckDB's extension `postgres` reads the value itself exactly, but for NaN in a DECIMAL; all else
   * travels as text.
   */
  readonly binary?: boolean
  /** Of a list: how its elements are measured. */
  readonly element?: TypeMapping
  /**
   * What the values decide. `scale`: whether they fit a DECIMAL, and which. `shape`: whether every array is a list.
   * Until then `type` takes all.
   */
  readonly inferred?: 'scale' | 'shape'
  /** What may be chosen instead. */
  readonly allowedTypes: Readonly<Partial<Record<StoreAs, TypeMapping>>>
  /**
   * Of a type whose text may be in another encoding than the database says: the text that its bytes are in the
   * encoding that Postgres calls so.
   */
  readonly decoded?: (encoding: string) => TypeMapping
  /** Of such a text, which travels as the bytes of UTF-8: these, and how they are made of the text as it is kept. */
  readonly utf8?: { readonly text: (column: string) => string; readonly encode: (text: string) => string }
  /** Of a choice: the condition for a value that is then not stored exactly. */
  readonly lossy?: (column: string) => string
}
