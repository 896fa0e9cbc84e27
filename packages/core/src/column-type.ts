/** What a column of the warehouse can be, in DuckDB's spelling. `DECIMAL(p,s)`: 1 <= p <= 38, 0 <= s <= p. Every Parquet file and every view uses these, and no other. */
export type ColumnType =
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

const SPELLING =
  /^(?:BOOLEAN|SMALLINT|INTEGER|BIGINT|UINTEGER|FLOAT|DOUBLE|VARCHAR|JSON|BLOB|UUID|DATE|TIME|TIMESTAMP|TIMESTAMP WITH TIME ZONE|DECIMAL\((\d{1,2}),(\d{1,2})\))$/

/** True for a text that is one of the types above, spelled exactly so: safe to put into SQL. */
export function isColumnType(text: string): text is ColumnType {
  const match = SPELLING.exec(text)
  if (!match) return false
  if (match[1] === undefined) return true
  const [precision, scale] = [Number(match[1]), Number(match[2])]
  return precision >= 1 && precision <= 38 && scale <= precision
}
