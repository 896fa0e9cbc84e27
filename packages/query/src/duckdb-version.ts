import { version } from '@duckdb/node-api'

/** Returns the version of DuckDB that queries and runs use: `1.5.5`. */
export function duckdbVersion(): string {
  return version().replace(/^v/, '')
}
