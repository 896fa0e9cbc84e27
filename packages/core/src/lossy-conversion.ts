/**
 * How a person may have a column stored that is not how it is stored by itself. `text`: the text that the source prints, exact. `iso8601`: moments as ISO 8601 text, exact. `double`: the
 * nearest binary64. `nullify`: NULL for a value that the type does not take. `bytes`: the bytes of its text as the source keeps them. `encoding:...`: the text whose bytes in that encoding they are.
 */
export type StoreAs = PlainStoreAs | `encoding:${string}`

type PlainStoreAs = 'text' | 'iso8601' | 'double' | 'nullify' | 'bytes'

/** All but `encoding:...`. */
export const STORE_AS: readonly PlainStoreAs[] = ['text', 'iso8601', 'double', 'nullify', 'bytes']

/** The encoding that was chosen, by its name; null for another choice, and for none. */
export function encodingOf(storeAs: StoreAs | undefined): string | null {
  return storeAs?.startsWith('encoding:') ? storeAs.slice('encoding:'.length) : null
}

/** Values of a column that were not stored exactly, as somebody chose. */
export interface LossyConversion {
  readonly choice: StoreAs
  /** How many. `double`: that do not come back from their shortest decimal. `nullify`: that are now NULL. */
  readonly values: number
}
