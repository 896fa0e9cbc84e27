import type { S3StoreOptions } from './s3-options.ts'

const ENDPOINT = 'S3_ENDPOINT (s3.endpoint)'
const UNKNOWN_AUTHORITY =
  'Its certificate is signed by an authority that is not known here: name the file in S3_CA_FILE (s3.ca_file).'
const NO_TLS = `It does not speak TLS: is the endpoint http instead of https? Set ${ENDPOINT}.`

/** By Node's codes: https://nodejs.org/api/errors.html, https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: `Nothing listens there: check host and port of ${ENDPOINT}, and that the server runs.`,
  EAI_AGAIN: 'The name of the host cannot be looked up: check the network.',
  ETIMEDOUT: `The server does not answer: check ${ENDPOINT}, firewalls and proxies.`,
  EHOSTUNREACH: 'There is no way to that host: check the network.',
  ENETUNREACH: 'There is no way to that network: check the network.',
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is signed by itself: name the file in S3_CA_FILE (s3.ca_file).',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID:
    'Its certificate is for another name: use that name in the endpoint, or S3_PATH_STYLE=true (s3.path_style) when the bucket is in the host name.',
  CERT_HAS_EXPIRED: 'Its certificate has expired: have it renewed; check the clock of this machine too.',
  CERT_NOT_YET_VALID: 'Its certificate is not valid yet: check the clocks of this machine and of the server.',
}

/** What to do where no answer came. */
export function networkHint(code: string | undefined, options: S3StoreOptions | undefined): string {
  if (code === 'ENOTFOUND')
    return options?.endpoint === undefined
      ? 'There is no such host: check S3_REGION (s3.region), and the network.'
      : `There is no such host: check ${ENDPOINT}. A bucket in the host name needs its own DNS name; S3_PATH_STYLE=true (s3.path_style) puts it in the path.`
  // an answer in TLS is none in HTTP, and some servers just hang up
  if (code === 'ECONNRESET' || code?.startsWith('HPE_'))
    return options?.endpoint?.startsWith('http:')
      ? `The connection was cut, or the answer was no HTTP: is it https instead of http? Set ${ENDPOINT}. Is a proxy in between?`
      : 'The connection was cut: is it http where https is spoken, or a proxy in between?'
  return HINTS[code ?? 'ETIMEDOUT'] ?? `Check ${ENDPOINT} and the network.`
}
