import { nearest } from '@dwh/core'
import { configInvalid, shown } from './config-invalid.ts'

/**
 * Every keyword of libpq 18 with its environment variable, in the order of `PQconndefaults()`.
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */
export const KEYWORD_VARIABLES = {
  service: 'PGSERVICE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  channel_binding: 'PGCHANNELBINDING',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  dbname: 'PGDATABASE',
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  client_encoding: 'PGCLIENTENCODING',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  fallback_application_name: null,
  keepalives: null,
  keepalives_idle: null,
  keepalives_interval: null,
  keepalives_count: null,
  tcp_user_timeout: null,
  sslmode: 'PGSSLMODE',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslcompression: 'PGSSLCOMPRESSION',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslcertmode: 'PGSSLCERTMODE',
  sslpassword: null,
  sslrootcert: 'PGSSLROOTCERT',
  sslcrl: 'PGSSLCRL',
  sslcrldir: 'PGSSLCRLDIR',
  sslsni: 'PGSSLSNI',
  requirepeer: 'PGREQUIREPEER',
  require_auth: 'PGREQUIREAUTH',
  min_protocol_version: 'PGMINPROTOCOLVERSION',
  max_protocol_version: 'PGMAXPROTOCOLVERSION',
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
  gssencmode: 'PGGSSENCMODE',
  krbsrvname: 'PGKRBSRVNAME',
  gsslib: 'PGGSSLIB',
  gssdelegation: 'PGGSSDELEGATION',
  replication: null,
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  load_balance_hosts: 'PGLOADBALANCEHOSTS',
  scram_client_key: null,
  scram_server_key: null,
  oauth_issuer: null,
  oauth_client_id: null,
  oauth_client_secret: null,
  oauth_scope: null,
  sslkeylogfile: null,
} as const

export type Keyword = keyof typeof KEYWORD_VARIABLES

export const KEYWORDS: readonly Keyword[] = Object.keys(KEYWORD_VARIABLES) as Keyword[]

const SECRETS: ReadonlySet<string> = new Set([
  'password',
  'sslpassword',
  'scram_client_key',
  'scram_server_key',
  'oauth_client_secret',
])

export function isKeyword(word: string): word is Keyword {
  return Object.hasOwn(KEYWORD_VARIABLES, word)
}

export function isSecret(keyword: string): boolean {
  return SECRETS.has(keyword)
}

/** Names that other programs use for these keywords, if the spelling alone does not lead to the keyword. */
const OTHER_NAMES: Readonly<Record<string, Keyword>> = {
  database: 'dbname',
  db: 'dbname',
  username: 'user',
  hostname: 'host',
  server: 'host',
  pwd: 'password',
  pass: 'password',
  passphrase: 'sslpassword',
  ssl: 'sslmode',
  timeout: 'connect_timeout',
  appname: 'application_name',
  ca: 'sslrootcert',
  cert: 'sslcert',
  key: 'sslkey',
}

/** Settings of other programs that appear in the same URI. */
const FOREIGN: Readonly<Record<string, string>> = {
  pgbouncer: 'That is a setting of Prisma; leave it out.',
  connection_limit: 'That is a setting of Prisma; leave it out.',
  pool_timeout: 'That is a setting of Prisma; leave it out.',
  schema: 'That is a setting of Prisma; leave it out.',
  currentschema: 'That is a setting of JDBC; leave it out.',
  uselibpqcompat: 'That is a setting of node-postgres; leave it out: sslmode means the same here as in libpq.',
}

/**
 * The error for a keyword that libpq does not know.
 * @param name false if the word may be part of a secret that was not quoted: the message then does not repeat it
 */
export function unknownKeyword(where: string, word: string, name: boolean): Error {
  const lower = word.toLowerCase()
  const meant = OTHER_NAMES[lower] ?? nearest(word, KEYWORDS)
  const guess =
    meant === null ? 'The keywords are those of libpq: host, port, dbname, user, sslmode.' : `Write ${meant}.`
  if (name) {
    return configInvalid(`${where}: ${shown(word)} is not a connection setting`, FOREIGN[lower] ?? guess)
  }
  return configInvalid(
    `${where}: a word after the password is not a connection setting`,
    `Quote or encode special characters in the password (spaces, quotes and backslashes in a string, % & = in a URI). If you meant a setting: ${guess}`,
  )
}
