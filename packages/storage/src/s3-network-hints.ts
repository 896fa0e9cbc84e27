import type { S3StoreOptions } from './s3-options.ts'

/** The names of the settings for a server's address and its CA file. */
interface Names {
  readonly endpoint: string
  readonly ca: string
}

const OF_S3: Names = { endpoint: 'S3_ENDPOINT (s3.endpoint)', ca: 'S3_CA_FILE (s3.ca_file)' }
/** The names for a folder that a web server serves. */
export const OF_WEB: Names = { endpoint: 'DWH_STORAGE (storage)', ca: 'NODE_EXTRA_CA_CERTS' }

const unknownAuthority = ({ ca }: Names) =>
  `The certificate of the server is signed by an unknown authority: set ${ca} to the CA file.`
const noTls = ({ endpoint }: Names) =>
  `The server does not speak TLS. If it uses http instead of https, correct ${endpoint}.`

/**
 * Hints by Node's error codes: https://nodejs.org/api/errors.html,
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
const HINTS: Readonly<Record<string, string | ((names: Names) => string)>> = {
  ECONNREFUSED: ({ endpoint }) =>
    `Nothing listens there: check host and port of ${endpoint}, and that the server runs.`,
  EAI_AGAIN: 'The host name cannot be resolved: check the network.',
  ETIMEDOUT: ({ endpoint }) => `The server does not answer: check ${endpoint}, firewalls and proxies.`,
  EHOSTUNREACH: 'The host cannot be reached: check the network.',
  ENETUNREACH: 'The network of the server cannot be reached: check the network of this machine.',
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: ({ ca }) => `The certificate of the server is self-signed: set ${ca} to its file.`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'The certificate of the server is for another name: use that name in the endpoint,',
    'or S3_PATH_STYLE=true (s3.path_style) when the bucket is in the host name.',
  ].join(' '),
  CERT_HAS_EXPIRED: 'The certificate of the server has expired: renew it; check the clock of this machine too.',
  CERT_NOT_YET_VALID:
    'The certificate of the server is not valid yet: check the clocks of this machine and of the server.',
}

/** Returns what to do when no answer came. */
export function networkHint(
  code: string | undefined,
  options: Pick<S3StoreOptions, 'endpoint'> | undefined,
  names: Names = OF_S3,
): string {
  const { endpoint } = names
  if (code === 'ENOTFOUND')
    return options?.endpoint === undefined
      ? 'There is no such host: check S3_REGION (s3.region), and the network.'
      : [
          `There is no such host: check ${endpoint}.`,
          'A bucket in the host name needs its own DNS name; S3_PATH_STYLE=true (s3.path_style) puts it in the path.',
        ].join(' ')
  // a TLS answer is not valid HTTP, and some servers just hang up
  if (code === 'ECONNRESET' || code?.startsWith('HPE_'))
    return options?.endpoint?.startsWith('http:')
      ? [
          'The connection was closed, or the answer was not HTTP.',
          `Check whether ${endpoint} needs https instead of http, and whether a proxy is in between.`,
        ].join(' ')
      : [
          'The connection was closed.',
          'Check whether the server uses http instead of https, and whether a proxy is in between.',
        ].join(' ')
  const hint = HINTS[code ?? 'ETIMEDOUT'] ?? `Check ${endpoint} and the network.`
  return typeof hint === 'string' ? hint : hint(names)
}
