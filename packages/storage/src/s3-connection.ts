import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { DwhError, throwIfAborted } from '@dwh/core'
import { isAnswer, NOT_DONE, s3Failure } from './s3-errors.ts'
import { DEFAULT_ATTEMPTS, DEFAULT_CONNECT_TIMEOUT_MS, type S3StoreOptions } from './s3-options.ts'

/** The parts of the SDK that are used. */
type Sdk = typeof import('@aws-sdk/client-s3') &
  Pick<typeof import('@aws-sdk/lib-storage'), 'Upload'> &
  Pick<typeof import('@aws-sdk/s3-request-presigner'), 'getSignedUrl'>

/** A bucket that answers. The SDK is loaded, and connections are opened, when the first request is sent. */
export interface S3Connection {
  readonly options: S3StoreOptions
  /** For messages: `s3://bucket/prefix`. */
  readonly url: string
  /** The name of an object in the bucket; of '', what all names begin with. */
  name(key: string): string
  /** What requests about one object begin with. */
  place(key: string): { Bucket: string; Key: string }
  /** What requests that make an object say about it. */
  readonly encrypted: Encrypted
  /** Sends what `make` makes of the SDK. `once`: not again after a failure, for what must not be done twice unnoticed. */
  send<Output>(
    make: (sdk: Sdk, client: S3Client) => Promise<Output>,
    use?: { readonly once?: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<Output>
}

/** In the words of the SDK. */
interface Encrypted {
  readonly ServerSideEncryption?: NonNullable<S3StoreOptions['encryption']>['algorithm']
  readonly SSEKMSKeyId?: string
}

/** How long the server may be silent, in connection timeouts. */
const SILENCE = 6
const MAX_SOCKETS = 32

/** @throws DwhError CONFIG_INVALID */
export function s3Connection(options: S3StoreOptions): S3Connection {
  const { bucket, endpoint } = options
  checkOptions(options)
  const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '')
  const url = `s3://${[bucket, prefix].filter(Boolean).join('/')}`
  const where = endpoint === undefined ? url : `${url} at ${new URL(endpoint).origin}`
  const name = (key: string) => (prefix === '' ? key : `${prefix}/${key}`)
  let opened: Promise<{ sdk: Sdk; client: S3Client; onceClient: S3Client }> | undefined

  async function open(): Promise<{ sdk: Sdk; client: S3Client; onceClient: S3Client }> {
    const [s3, { Upload }, { getSignedUrl }] = await Promise.all([
      import('@aws-sdk/client-s3'),
      import('@aws-sdk/lib-storage'),
      import('@aws-sdk/s3-request-presigner'),
    ])
    const sdk: Sdk = { ...s3, Upload, getSignedUrl }
    const config = await clientConfig(options)
    const client = new sdk.S3Client(config)
    retryNotDone(client)
    return { sdk, client, onceClient: new sdk.S3Client({ ...config, maxAttempts: 1 }) }
  }

  return {
    options,
    url,
    name,
    place: (key) => ({ Bucket: bucket, Key: name(key) }),
    encrypted: encrypted(options.encryption),
    async send(make, { once = false, signal } = {}) {
      throwIfAborted(signal, url)
      opened ??= open()
      try {
        const { sdk, client, onceClient } = await opened
        return await make(sdk, once ? onceClient : client)
      } catch (error) {
        throwIfAborted(signal, url)
        throw s3Failure(error, where)
      }
    },
  }
}

/** The SDK does not try these again by itself. */
function retryNotDone(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        const writes = (args.request as { method?: string }).method !== 'GET'
        const again = writes && isAnswer(s3Failure(error, ''), ...NOT_DONE)
        throw again ? Object.assign(error as Error, { $retryable: {} }) : error
      }
    },
    { step: 'deserialize', priority: 'high', name: 'retryNotDone' },
  )
}

function encrypted(encryption: S3StoreOptions['encryption']): Encrypted {
  if (!encryption) return {}
  const { algorithm, kmsKeyId } = encryption
  return { ServerSideEncryption: algorithm, ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }) }
}

/** For a request that ends when the signal fires, in the words of the SDK. */
export function stoppedBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {}
}

async function clientConfig(options: S3StoreOptions): Promise<S3ClientConfig> {
  const { endpoint, region, credentials, profile, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options
  return {
    ...(endpoint === undefined ? {} : { endpoint, region: region ?? 'us-east-1' }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials: given(credentials) }),
    ...(profile === undefined ? {} : { profile }),
    forcePathStyle: options.pathStyle ?? endpoint !== undefined,
    maxAttempts: options.attempts ?? DEFAULT_ATTEMPTS,
    // a checksum after the body becomes part of the object on servers that do not know of it; bodies are covered by the signature
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: endpoint === undefined,
    requestHandler: {
      ...(await agents(options)),
      connectionTimeout: connectTimeoutMs,
      socketTimeout: connectTimeoutMs * SILENCE,
    },
  }
}

function given({ accessKeyId, secretAccessKey, sessionToken }: NonNullable<S3StoreOptions['credentials']>): {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
} {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}

async function agents({ ca, proxy }: S3StoreOptions): Promise<{ httpAgent: HttpAgent; httpsAgent: HttpsAgent }> {
  const trust = ca === undefined ? {} : { ca: [...rootCertificates, ca] }
  const settings = { keepAlive: true, maxSockets: MAX_SOCKETS }
  if (proxy === undefined)
    return { httpAgent: new HttpAgent(settings), httpsAgent: new HttpsAgent({ ...settings, ...trust }) }
  const [{ HttpProxyAgent }, { HttpsProxyAgent }] = await Promise.all([
    import('http-proxy-agent'),
    import('https-proxy-agent'),
  ])
  // both are agents of Node's in all but their declared type
  const httpsAgent = new HttpsProxyAgent(proxy, { ...settings, ...trust })
  Object.assign(httpsAgent.connectOpts, trust)
  return {
    httpAgent: new HttpProxyAgent(proxy, settings) as unknown as HttpAgent,
    httpsAgent: httpsAgent as unknown as HttpsAgent,
  }
}

function checkOptions({ bucket, endpoint, proxy, prefix }: S3StoreOptions): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(bucket))
    throw invalid(`bucket ${JSON.stringify(bucket)}: not a name of a bucket`, 'Write s3://bucket/prefix.')
  if (prefix !== undefined && !/^[A-Za-z0-9_.%~/-]*$/.test(prefix))
    throw invalid(`prefix ${JSON.stringify(prefix)}: not valid`, 'Use A-Z a-z 0-9 _ - . % ~, and / between its parts.')
  for (const [name, value] of Object.entries({ endpoint, proxy })) {
    if (value !== undefined && !(URL.canParse(value) && /^https?:/.test(value)))
      throw invalid(`the ${name} of the storage: not a URL`, 'Write it as https://host:port or http://host:port.')
  }
}

function invalid(message: string, hint: string): DwhError {
  return new DwhError('CONFIG_INVALID', message, { hint })
}
