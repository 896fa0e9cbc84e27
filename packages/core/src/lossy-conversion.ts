/**
 * How a column may be stored instead of the default. `text`: the text that the source prints, exact. `iso8601`:
 * moments as ISO 8601 text, exact. `json`: the JSON text of an array or a composite, exact. `double`: the nearest
 * binary64. `nullify`: NULL for infinity, and for a value that the type cannot hold. `bytes`: the bytes of its text as
 * the source stores them. `encoding:...`: the text that those bytes spell in this encoding.
 */
export type StoreAs = PlainStoreAs | `encoding:${string}`

type PlainStoreAs = 'text' | 'iso8601' | 'json' | 'double' | 'nullify' | 'bytes'

/** All but `encoding:...`. */
export const STORE_AS: readonly PlainStoreAs[] = ['text', 'iso8601', 'json', 'double', 'nullify', 'bytes']

/** What the user may choose for a column. `default`: the type as without `readers`, and without a choice for its type. */
export type ColumnChoice = StoreAs | 'default'

/** Returns the name of the chosen encoding; null for another choice, or without a choice. */
export function encodingOf(storeAs: StoreAs | undefined): string | null {
  return storeAs?.startsWith('encoding:') ? storeAs.slice('encoding:'.length) : null
}

/** The values of a column that were not stored exactly, because the user chose so. */
export interface LossyConversion {
  readonly choice: StoreAs
  /** How many. `double`: values that their shortest decimal does not reproduce. `nullify`: values that became NULL. */
  readonly values: number
}
