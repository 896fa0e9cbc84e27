import { isLongText, type ProfileOptions, type ScalarType } from '@dwh/core'
import type { TypeMapping } from './type-mapping.ts'

export type Lengths = NonNullable<ProfileOptions['lengths']>

/**
 * The length of a value as text, without reading the value if Postgres stores its length. Null for a short value, or
 * one that must not be read.
 */
export function textLength(mapping: TypeMapping, column: string, lengths: Lengths): string | null {
  const value = mapping.value(column)
  if (mapping.type === 'BLOB' || mapping.utf8) return `2 * octet_length(${value})::pg_catalog.int8`
  if (mapping.plainText && mapping.type === 'VARCHAR') return `octet_length(${value})::pg_catalog.int8`
  const mayBeLong = mapping.element !== undefined || isLongText(mapping.type as ScalarType)
  if (lengths === 'cheap' || !mayBeLong) return null
  return `octet_length(${mapping.plainText ? value : `format('%s', ${mapping.select(column)})`})::pg_catalog.int8`
}
