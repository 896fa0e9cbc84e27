import { elementType } from '@dwh/core'
import { filledText } from '../catalog/output-text.ts'
import type { TypeMapping } from '../catalog/type-mapping.ts'

/**
 * Prevents rounding of a numeric of a view, or of numbers in an array, whose values may change between the profile and
 * the read: DuckDB would round a number with more decimal digits than its DECIMAL. Such a number is sent as a text that
 * no DECIMAL accepts.
 */
export function refuseRounding(mapping: TypeMapping): TypeMapping {
  const element = elementType(mapping.type)
  const scale = /^DECIMAL\(38,(\d+)\)$/.exec(element ?? mapping.type)?.[1]
  if (scale === undefined) return mapping
  return {
    ...mapping,
    select(column) {
      const exceeds = `pg_catalog.min_scale(${element === null ? mapping.value(column) : 'e'}) > ${scale}`
      const any = `(SELECT pg_catalog.bool_or(${exceeds}) FROM pg_catalog.unnest(${mapping.value(column)}) AS u (e))`
      const text = filledText(mapping.select(column))
      return `CASE WHEN ${element === null ? exceeds : any} THEN 'volatile: ' ELSE '' END || ${text}`
    },
  }
}
