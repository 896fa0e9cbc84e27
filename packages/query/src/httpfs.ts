import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteLiteral } from '@dwh/core'

/** How DuckDB's extension `httpfs` reads objects in place, where it is installed: https://duckdb.org/docs/stable/core_extensions/httpfs/overview */
export interface HttpfsOptions {
  /** A PEM file of the authorities to trust, instead of the system's. */
  readonly caFile?: string | undefined
  /** `http://user:password@host:port`. Default: what HTTP_PROXY says, whatever NO_PROXY says: DuckDB does not know that one. */
  readonly proxy?: string | undefined
}

/**
 * Loads `httpfs`; nothing is downloaded. Certificates are verified, which the extension does not do by itself. What a first look at an object said is
 * kept, so that one that is replaced later is an error and never a mixture.
 * @throws DuckDB's error where it is not installed
 */
export async function loadHttpfs(connection: DuckDBConnection, { caFile, proxy }: HttpfsOptions): Promise<void> {
  await connection.run('LOAD httpfs')
  await connection.run('SET enable_server_cert_verification = true')
  await connection.run('SET enable_http_metadata_cache = true')
  if (caFile !== undefined) await connection.run(`SET ca_cert_file = ${quoteLiteral(caFile)}`)
  if (proxy === undefined) return
  const { host, username, password } = new URL(proxy)
  await connection.run(`SET http_proxy = ${quoteLiteral(host)}`)
  await connection.run(`SET http_proxy_username = ${quoteLiteral(decodeURIComponent(username))}`)
  await connection.run(`SET http_proxy_password = ${quoteLiteral(decodeURIComponent(password))}`)
}
