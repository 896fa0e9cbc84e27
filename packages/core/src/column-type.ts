/** A single value, in DuckDB's spelling. `DECIMAL(p,s)`: 1 <= p <= 38, 0 <= s <= p. */
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

/** What a column of the warehouse can be: a single value, or a list of such. Every Parquet file and every view uses these, and no other. */
export type ColumnType = ScalarType | `${ScalarType}[]`

const SPELLING =
  /^(?:BOOLEAN|SMALLINT|INTEGER|BIGINT|UINTEGER|FLOAT|DOUBLE|VARCHAR|JSON|BLOB|UUID|DATE|TIME|TIMESTAMP|TIMESTAMP WITH TIME ZONE|DECIMAL\((\d{1,2}),(\d{1,2})\))(?:\[\])?$/

/** True for a text that is one of the types above, spelled exactly so: safe to put into SQL. */
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
