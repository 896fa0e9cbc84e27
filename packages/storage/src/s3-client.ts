import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { DwhError } from '@dwh/core'
import { agents } from './agents.ts'
import { setUpRequests } from './s3-middleware.ts'
import { DEFAULT_ATTEMPTS, DEFAULT_CONNECT_TIMEOUT_MS, type S3StoreOptions } from './s3-options.ts'

/** The parts of the SDK that we use. */
export type Sdk = typeof import('@aws-sdk/client-s3') &
  Pick<typeof import('@aws-sdk/lib-storage'), 'Upload'> &
  Pick<typeof import('@aws-sdk/s3-request-presigner'), 'getSignedUrl'>

export interface OpenedClient {
  readonly sdk: Sdk
  readonly client: S3Client
  /** A client that sends each request once. */
  readonly onceClient: S3Client
}

/** The longest silence of the server, in connection timeouts. */
const SILENCE = 6

/** Loads the SDK and makes its clients. No connection is opened. */
export async function openClient(options: S3StoreOptions): Promise<OpenedClient> {
  const [s3, { Upload }, { getSignedUrl }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/lib-storage'),
    import('@aws-sdk/s3-request-presigner'),
  ])
  const sdk: Sdk = { ...s3, Upload, getSignedUrl }
  const config = await clientConfig(options)
  const [client, onceClient] = [new sdk.S3Client(config), new sdk.S3Client({ ...config, maxAttempts: 1 })]
  setUpRequests(client, options, { retryNotDone: true })
  setUpRequests(onceClient, options, { retryNotDone: false })
  // the SDK's message may repeat a secret that was set as the region
  await client.config.region().catch(() => {
    throw new DwhError('CONFIG_INVALID', `s3://${options.bucket}: its region is missing or invalid`, {
      hint: 'Set S3_REGION (s3.region) for a bucket at AWS, or S3_ENDPOINT (s3.endpoint) for any other server.',
    })
  })
  return { sdk, client, onceClient }
}

async function clientConfig(options: S3StoreOptions): Promise<S3ClientConfig> {
  const { endpoint, region, profile, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options
  return {
    ...(endpoint === undefined ? {} : { endpoint, region: region ?? 'us-east-1' }),
    ...(region === undefined ? {} : { region }),
    ...credentialConfig(options),
    ...(profile === undefined ? {} : { profile }),
    forcePathStyle: options.pathStyle ?? endpoint !== undefined,
    maxAttempts: options.attempts ?? DEFAULT_ATTEMPTS,
    ...checksumConfig(options),
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: endpoint === undefined,
    requestHandler: {
      ...(await agents(options)),
      connectionTimeout: connectTimeoutMs,
      socketTimeout: connectTimeoutMs * SILENCE,
    },
  }
}

/**
 * At AWS the SDK's default: a checksum with each write. At other servers no checksum of the SDK: some refuse unknown
 * headers, or store a checksum after the body as part of the object. The signature covers the bodies, and `always` adds
 * a header that every server knows.
 */
function checksumConfig({ endpoint, checksum }: S3StoreOptions): Pick<S3ClientConfig, 'requestChecksumCalculation'> {
  if (endpoint !== undefined || checksum === 'when-required') return { requestChecksumCalculation: 'WHEN_REQUIRED' }
  return checksum === 'always' ? { requestChecksumCalculation: 'WHEN_SUPPORTED' } : {}
}

function credentialConfig({ anonymous, credentials }: S3StoreOptions): Pick<S3ClientConfig, 'credentials' | 'signer'> {
  // the SDK looks for credentials even when it signs nothing
  if (anonymous === true)
    return {
      credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
      signer: { sign: async (request) => request },
    }
  if (credentials === undefined) return {}
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } }
}
