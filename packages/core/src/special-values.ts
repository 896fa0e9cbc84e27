import { type ColumnType, elementType, type ScalarType } from './column-type.ts'
import { columnTypeRow } from './column-types.ts'
import type { ColumnProof } from './proof.ts'

/**
 * Values that some readers do not read exactly. `far years`: before the year 1 or after 9999. `0001-01-01`: the first
 * day of these years, where Python cannot look a day back for the time zone. `24:00`: the end of a day, as a time.
 * `NULL lists`: a list that is NULL, not an empty one.
 */
export type SpecialValues = 'infinities' | 'far years' | '0001-01-01' | '24:00' | 'NULL lists'

/** 0001-01-01 and 9999-12-31, in days from 2000-01-01. */
const FIRST_DAY = -730_119
const LAST_DAY = 2_921_939
const DAY_MICROSECONDS = 86_400_000_000n

/** True if the measures of a column show that it has such values. `rows`: of its table. */
export function hasSpecialValues(values: SpecialValues, type: ColumnType, proof: ColumnProof, rows: number): boolean {
  const { min, max } = proof
  switch (values) {
    case 'infinities':
      return Number(proof.infinite ?? 0) > 0
    case 'far years':
      return [min, max].some(
        (bound) => bound != null && isFar(BigInt(bound), elementType(type) ?? (type as ScalarType)),
      )
    case '0001-01-01':
      return min != null && isFirstDay(BigInt(min), elementType(type) ?? (type as ScalarType))
    case '24:00':
      return max != null && BigInt(max) === DAY_MICROSECONDS
    case 'NULL lists':
      return Number(proof.values ?? rows) < rows
  }
}

function isFar(bound: bigint, type: ScalarType): boolean {
  return bound < BigInt(FIRST_DAY) * dayOf(type) || bound >= BigInt(LAST_DAY + 1) * dayOf(type)
}

function isFirstDay(bound: bigint, type: ScalarType): boolean {
  return !isFar(bound, type) && bound < BigInt(FIRST_DAY + 1) * dayOf(type)
}

/** A day, in the unit of the measures. */
const dayOf = (type: ScalarType) => (columnTypeRow(type).kind === 'day' ? 1n : DAY_MICROSECONDS)
