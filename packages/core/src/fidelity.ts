/**
 * How a person may have a column stored that is not how it is stored by itself. `text`: the text that the source prints, exact. `iso8601`: moments as ISO 8601 text, exact. `double`: the
 * nearest binary64. `or-null`: NULL for a value that the type does not take.
 */
export type StoreAs = 'text' | 'iso8601' | 'double' | 'or-null'

export const STORE_AS: readonly StoreAs[] = ['text', 'iso8601', 'double', 'or-null']

/** Values of a column that were not stored exactly, as somebody chose. */
export interface Fidelity {
  readonly choice: StoreAs
  /** How many. `double`: that do not come back from their shortest decimal. `or-null`: that are now NULL. */
  readonly values: number
}
