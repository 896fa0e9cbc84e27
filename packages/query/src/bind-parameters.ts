import {
  DuckDBBlobValue,
  type DuckDBPreparedStatement,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from '@duckdb/node-api'
import { DwhError } from '@dwh/core'

/** A value for a parameter. A text takes the type that its place in the statement needs. */
export type ParameterValue = DuckDBValue | Date | Uint8Array

/** Values by position, for `?` and `$1`, or by name, for `$name`. */
export type QueryParameters = readonly ParameterValue[] | Readonly<Record<string, ParameterValue>>

/**
 * Binds the parameters that a statement has.
 * @throws DwhError QUERY_FAILED for a parameter without a value
 */
export function bindParameters(prepared: DuckDBPreparedStatement, parameters: QueryParameters): void {
  const values = byName(parameters)
  for (let index = 1; index <= prepared.parameterCount; index += 1) {
    const name = prepared.parameterName(index)
    // DuckDB tells names apart without regard to case, as all its names
    const value = values.get(name.toLowerCase())
    if (value === undefined) throw missing(name, values)
    bind(prepared, index, value)
  }
}

/**
 * Checks that each value belongs to a parameter that the text mentions. So a misspelled name does not pass unnoticed.
 * @throws DwhError QUERY_FAILED
 */
export function checkParametersUsed(sql: string, parameters: QueryParameters): void {
  const marks = (sql.match(/\?/g) ?? []).length
  for (const name of byName(parameters).keys()) {
    const position = /^\d+$/.test(name) && Number(name) <= marks
    if (position || new RegExp(`[$]${name.replace(/\W/g, '\\$&')}(?!\\w)`, 'i').test(sql)) continue
    throw new DwhError('QUERY_FAILED', `parameter ${name}: the statement has no $${name}`, {
      hint: 'Write $name in the statement for --param name=value; ? and $1 are --param 1=value.',
    })
  }
}

function byName(parameters: QueryParameters): Map<string, ParameterValue> {
  const entries: readonly (readonly [string, ParameterValue])[] = Array.isArray(parameters)
    ? parameters.map((value, i) => [String(i + 1), value])
    : Object.entries(parameters)
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]))
}

function missing(name: string, values: ReadonlyMap<string, unknown>): DwhError {
  const given = [...values.keys()].join(', ')
  return new DwhError('QUERY_FAILED', `parameter ${name}: has no value${given && `; values were given for ${given}`}`, {
    hint: `Add --param ${name}=VALUE, or params: { ${/^\d/.test(name) ? `'${name}'` : name}: value } in a program.`,
  })
}

function bind(prepared: DuckDBPreparedStatement, index: number, value: ParameterValue): void {
  if (value === null) prepared.bindNull(index)
  else if (typeof value === 'number' && Number.isInteger(value) && !Object.is(value, -0))
    bindInteger(prepared, index, BigInt(value))
  else if (typeof value === 'bigint') bindInteger(prepared, index, value)
  else if (value instanceof Date)
    prepared.bindTimestampTZ(index, new DuckDBTimestampTZValue(BigInt(value.getTime()) * 1000n))
  else if (value instanceof Uint8Array) prepared.bindValue(index, new DuckDBBlobValue(value))
  else prepared.bindValue(index, value)
}

/** In the smallest type, so that a comparison with an INTEGER column stays one of integers. */
function bindInteger(prepared: DuckDBPreparedStatement, index: number, value: bigint): void {
  if (BigInt.asIntN(32, value) === value) prepared.bindInteger(index, Number(value))
  else if (BigInt.asIntN(64, value) === value) prepared.bindBigInt(index, value)
  else prepared.bindHugeInt(index, value)
}
