/** Quotes an SQL identifier, so that any name is safe: Postgres and DuckDB both double an inner `"`. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes an SQL string literal: DuckDB, and Postgres with `standard_conforming_strings` on, double an inner `'`. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
