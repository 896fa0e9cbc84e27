import { columnTypeRow, quoteLiteral, type ScalarType } from '@dwh/core'

/** A path as an SQL literal for exactly this file; otherwise `*`, `?` and `[` are wildcards. */
export function fileLiteral(path: string): string {
  return quoteLiteral(path.replace(/[*?[]/g, (character) => `[${character}]`))
}

/** Microseconds from 1970 to 2000, both at midnight UTC. */
const MICROS_TO_2000 = '946684800000000'

/**
 * A day as whole days since 2000, a timestamp as microseconds since then, a time of day as microseconds; other values
 * unchanged.
 */
export function toNumber(type: ScalarType, value: string): string {
  switch (columnTypeRow(type).kind) {
    case 'day':
      return `(${value} - DATE '2000-01-01')`
    case 'time':
      return `epoch_us(${value})`
    case 'moment':
      return `(epoch_us(${value}) - ${MICROS_TO_2000})`
    default:
      return value
  }
}
