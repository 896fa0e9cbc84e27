import { type ColumnType, columnTypeRow, isContinuous, type ScalarType } from '@dwh/core'

/**
 * SQL conditions and numbers for values that can be ordered as numbers; `measuresOf` and `TableProof.hash` use them.
 */

export const isFloat = (type: ColumnType): boolean => columnTypeRow(type as ScalarType).kind === 'float'

/** True for a finite numeric or float. */
export const isFiniteNumber = (value: string): string => `${value} NOT IN ('NaN', 'Infinity', '-Infinity')`

/** A condition that excludes infinite values and NaN; undefined for types without them. */
export function finiteCondition(type: ColumnType, value: string): string | undefined {
  if (isFloat(type)) return isFiniteNumber(value)
  return isContinuous(type as ScalarType) ? `pg_catalog.isfinite(${value})` : undefined
}

/**
 * A day as whole days since 2000, a timestamp as microseconds since then, a time of day as microseconds; other values
 * unchanged.
 */
export function toNumber(type: ColumnType, value: string): string {
  switch (columnTypeRow(type as ScalarType).kind) {
    case 'day':
      return `(${value} - DATE '2000-01-01')`
    case 'time':
      return micros(value)
    case 'moment':
      return micros(
        `(${value} - ${type === 'TIMESTAMP' ? "TIMESTAMP '2000-01-01'" : "TIMESTAMPTZ '2000-01-01 00:00:00+00'"})`,
      )
    default:
      return value
  }
}

const micros = (moment: string) => `trunc(extract(epoch FROM ${moment}) * 1000000)`
