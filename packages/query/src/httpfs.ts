import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteLiteral } from '@dwh/core'

/**
 * Settings of DuckDB's extension `httpfs`, which reads objects in place, if installed:
 * https://duckdb.org/docs/stable/core_extensions/httpfs/overview
 */
export interface HttpfsOptions {
  /** A PEM file of the certificate authorities to trust, instead of the system's. */
  readonly caFile?: string | undefined
  /** `http://user:password@host:port`. Default: HTTP_PROXY. DuckDB ignores NO_PROXY. */
  readonly proxy?: string | undefined
}

/**
 * Loads `httpfs`; downloads nothing. Turns on the verification of certificates, which the extension does not do by
 * default. Caches the metadata of objects, so that an object that is replaced later causes an error and never a
 * mixture.
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
