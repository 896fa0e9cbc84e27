import { quoteLiteral } from '@dwh/core'

/** How DuckDB's extension `httpfs` reaches a bucket. Holds no secret. */
export interface BucketAccess {
  /** `s3://bucket/prefix`. */
  readonly scope: string
  readonly region?: string | undefined
  /** `https://host:port`; absent for AWS. */
  readonly endpoint?: string | undefined
  /** Default: true with an endpoint. */
  readonly pathStyle?: boolean | undefined
  /** Without a key. */
  readonly anonymous?: boolean | undefined
  /** Whether the key is a temporary one. */
  readonly sessionToken?: boolean | undefined
}

/**
 * Returns the lines of SQL that let any DuckDB read a bucket: `CREATE SECRET` with placeholders, commented out. For a
 * public bucket nothing is missing, and the statement runs.
 * https://duckdb.org/docs/stable/core_extensions/httpfs/s3api
 */
export function bucketSecretSql({ scope, anonymous = false, ...access }: BucketAccess): string[] {
  if (anonymous) return [`CREATE SECRET IF NOT EXISTS dwh (${parameters(scope, access).join(', ')});`]
  const key = [
    `KEY_ID '<access key ID>'`,
    `SECRET '<secret access key>'`,
    ...(access.sessionToken ? [`SESSION_TOKEN '<session token>'`] : []),
  ]
  return [
    '-- DuckDB needs a key to read the bucket. Fill it in, and run this once before the script. With PERSISTENT, DuckDB',
    '-- keeps it, unencrypted, in ~/.duckdb; without, run it in each session.',
    '-- CREATE PERSISTENT SECRET dwh (',
    ...[...parameters(scope, access), ...key].map((line, i, all) => `--   ${line}${i < all.length - 1 ? ',' : ''}`),
    '-- );',
  ]
}

function parameters(scope: string, { region, endpoint, pathStyle }: Omit<BucketAccess, 'scope'>): string[] {
  const server = endpoint === undefined ? undefined : /^(https?):\/\/(.*?)\/*$/.exec(endpoint)
  const style = (pathStyle ?? endpoint !== undefined) ? 'path' : 'vhost'
  return [
    'TYPE s3',
    `SCOPE ${quoteLiteral(scope)}`,
    `REGION ${quoteLiteral(region ?? (endpoint === undefined ? '<region>' : 'us-east-1'))}`,
    ...(server ? [`ENDPOINT ${quoteLiteral(server[2] ?? '')}`, `USE_SSL ${server[1] === 'https'}`] : []),
    `URL_STYLE '${style}'`,
  ]
}
