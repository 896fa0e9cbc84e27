import { columnTypeRow, quoteLiteral, type ScalarType } from '@dwh/core'

/** A path as DuckDB reads exactly this file by it: `*`, `?` and `[` are wildcards otherwise. */
export function fileLiteral(path: string): string {
  return quoteLiteral(path.replace(/[*?[]/g, (character) => `[${character}]`))
}

/** From 1970 to 2000, both at midnight UTC. */
const MICROS_TO_2000 = '946684800000000'

/** A day as whole days since 2000, a moment as microseconds since then, a time of day as microseconds; anything else as it is. */
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
