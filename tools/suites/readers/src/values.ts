import type { ColumnType } from '@dwh/core'

/** A file and the types of its columns, besides `id`. */
export interface File {
  readonly path: string
  readonly types: Readonly<Record<string, ColumnType>>
}

/** A value as read_values.py writes it; null for NULL. */
export type ExactText = string | null

/** What a program got for one value: the value, or an error. */
export type Found = { readonly is: ExactText } | { readonly fails: string }

/** What a program got of a file: the values of each column in the order of `id`, or an error for the whole file. */
export type FoundFile = { readonly file: string } | { readonly values: Readonly<Record<string, readonly Found[]>> }

/** Reads files, by name. */
export type ReadFiles = (files: Readonly<Record<string, File>>) => Promise<Readonly<Record<string, FoundFile>>>

/** `1.50` -> `1.5` */
export function plainNumber(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}

export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'float NaN'
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return `float ${bytes.toString('hex')}`
}

export const utf8Text = (text: string): string => `text ${Buffer.from(text).toString('hex')}`

/** As Python's `json.dumps` writes it. */
export const listText = (items: readonly ExactText[]): string =>
  `list [${items.map((item) => JSON.stringify(item)).join(', ')}]`
