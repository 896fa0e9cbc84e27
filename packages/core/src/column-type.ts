/** The type of a single value, in DuckDB's spelling. `DECIMAL(p,s)`: 1 <= p <= 38, 0 <= s <= p. */
export type ScalarType =
  | 'BOOLEAN'
  | 'SMALLINT'
  | 'INTEGER'
  | 'BIGINT'
  | 'UINTEGER'
  | 'FLOAT'
  | 'DOUBLE'
  | `DECIMAL(${number},${number})`
  | 'VARCHAR'
  | 'JSON'
  | 'BLOB'
  | 'UUID'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'TIMESTAMP WITH TIME ZONE'

/**
 * The type of a column of the warehouse: a single value, or a list of single values. Parquet files and views use these
 * types and no others.
 */
export type ColumnType = ScalarType | `${ScalarType}[]`

const SPELLING =
  /^(?:BOOLEAN|SMALLINT|INTEGER|BIGINT|UINTEGER|FLOAT|DOUBLE|VARCHAR|JSON|BLOB|UUID|DATE|TIME|TIMESTAMP|TIMESTAMP WITH TIME ZONE|DECIMAL\((\d{1,2}),(\d{1,2})\))(?:\[\])?$/

/** True for a text that spells one of the types above exactly, so that it is safe to put into SQL. */
export function isColumnType(text: string): text is ColumnType {
  const match = SPELLING.exec(text)
  if (!match) return false
  if (match[1] === undefined) return true
  const [precision, scale] = [Number(match[1]), Number(match[2])]
  return precision >= 1 && precision <= 38 && scale <= precision
}

/** The type of a list's elements; null for a single value. */
export function elementType(type: ColumnType): ScalarType | null {
  return type.endsWith('[]') ? (type.slice(0, -2) as ScalarType) : null
}
