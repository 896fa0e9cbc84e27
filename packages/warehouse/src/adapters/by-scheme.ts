/** Finds an adapter by its scheme, in lower case and with both slashes: `s3:/bucket` is a typing mistake. */
export function byScheme<T extends { readonly schemes: readonly string[] }>(
  adapters: readonly T[],
  scheme: string,
  given: string,
): T | undefined {
  return given.endsWith('//') ? adapters.find(({ schemes }) => schemes.includes(scheme)) : undefined
}

/** Shows the scheme of a known storage or server only: other text may be a key, or a user before a password. */
export function shownScheme(given: string): string {
  return KNOWN.test(given) ? given : 'this'
}

const STORES = 'https?|ftp|sftp|gs|gcs|az|abfss?|wasbs?|r2|b2|hdfs|s3a?|file'
const SERVERS =
  '(jdbc:)?(postgres(ql)?|mysql|mariadb|sqlite3?|duckdb|mssql|sqlserver|oracle|mongodb(\\+srv)?|redis|snowflake|bigquery|clickhouse)'
const KNOWN = new RegExp(`^(${STORES}|${SERVERS}):`, 'i')
