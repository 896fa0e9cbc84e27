import type { S3Client } from '@aws-sdk/client-s3'
import { DwhError, looksLikeKey, throwIfAborted } from '@dwh/core'
import { type OpenedClient, openClient, type Sdk } from './s3-client.ts'
import { s3Failure } from './s3-errors.ts'
import type { S3StoreOptions } from './s3-options.ts'

/** A connection to a bucket. The first request loads the SDK and opens connections. */
export interface S3Connection {
  readonly options: S3StoreOptions
  /** For messages: `s3://bucket/prefix`. */
  readonly url: string
  /** Returns the name of an object in the bucket; for '', the prefix of all names. */
  name(key: string): string
  /** Returns the fields of a request about one object. */
  place(key: string): { Bucket: string; Key: string }
  /** The encryption fields of a request that makes an object. */
  readonly encrypted: Encrypted
  /** Sends the request that `make` builds. `once`: no retry, for requests that must not be done twice unnoticed. */
  send<Output>(
    make: (sdk: Sdk, client: S3Client) => Promise<Output>,
    use?: { readonly once?: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<Output>
}

/** Encryption, with the SDK's field names. */
interface Encrypted {
  readonly ServerSideEncryption?: NonNullable<S3StoreOptions['encryption']>['algorithm']
  readonly SSEKMSKeyId?: string
}

/** @throws DwhError CONFIG_INVALID */
export function s3Connection(options: S3StoreOptions): S3Connection {
  const { bucket, endpoint } = options
  checkOptions(options)
  const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '')
  const url = `s3://${[bucket, prefix].filter(Boolean).join('/')}`
  const where = endpoint === undefined ? url : `${url} at ${new URL(endpoint).origin}`
  const name = (key: string) => (prefix === '' ? key : `${prefix}/${key}`)
  let opened: Promise<OpenedClient> | undefined

  return {
    options,
    url,
    name,
    place: (key) => ({ Bucket: bucket, Key: name(key) }),
    encrypted: encrypted(options.encryption),
    async send(make, { once = false, signal } = {}) {
      throwIfAborted(signal, url)
      opened ??= openClient(options)
      try {
        const { sdk, client, onceClient } = await opened
        return await make(sdk, once ? onceClient : client)
      } catch (error) {
        throwIfAborted(signal, url)
        throw s3Failure(error, where, options)
      }
    },
  }
}

function encrypted(encryption: S3StoreOptions['encryption']): Encrypted {
  if (!encryption) return {}
  const { algorithm, kmsKeyId } = encryption
  return { ServerSideEncryption: algorithm, ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }) }
}

/** Returns the SDK's option for a request that ends when the signal fires. */
export function stoppedBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {}
}

/** Checks the options. No message repeats an invalid value: it may be a secret in the wrong place. */
function checkOptions({ bucket, endpoint, proxy, prefix, region, encryption }: S3StoreOptions): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(bucket) || looksLikeKey(bucket))
    throw invalid(
      'the bucket of the storage: not a valid bucket name',
      `Write s3://bucket/prefix (DWH_STORAGE, storage).${CREDENTIALS}`,
    )
  if (prefix !== undefined && (!/^[A-Za-z0-9_.%~/-]*$/.test(prefix) || looksLikeKey(`${bucket}/${prefix}`)))
    throw invalid(
      'the prefix of the storage: not valid',
      `Use A-Z a-z 0-9 _ - . % ~, and / between its parts.${CREDENTIALS}`,
    )
  if (region !== undefined && (!/^[A-Za-z0-9-]{1,39}$/.test(region) || looksLikeKey(region)))
    throw invalid('the region of the storage: not a valid region name', `Set S3_REGION (s3.region).${CREDENTIALS}`)
  for (const [name, value] of Object.entries({ endpoint, proxy })) {
    if (value !== undefined && !(URL.canParse(value) && /^https?:/.test(value)))
      throw invalid(`the ${name} of the storage: not a URL`, 'Write it as https://host:port or http://host:port.')
  }
  if (endpoint?.includes('@')) throw withUser()
  if (endpoint !== undefined) checkEndpoint(new URL(endpoint), bucket)
  if (encryption?.algorithm === 'AES256' && encryption.kmsKeyId !== undefined)
    throw invalid(
      'kms_key_id: AES256 does not use a key',
      'Set s3.encryption (S3_ENCRYPTION) to aws:kms, or remove the key.',
    )
}

const CREDENTIALS = ' Keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'

function withUser(): DwhError {
  return invalid('S3_ENDPOINT (s3.endpoint): contains a user or a password', `Write https://host:port.${CREDENTIALS}`)
}

function checkEndpoint({ search, hash, pathname }: URL, bucket: string): void {
  if (search !== '' || hash !== '')
    throw invalid('S3_ENDPOINT (s3.endpoint): contains a ? or a #', `Write https://host:port.${CREDENTIALS}`)
  if (pathname.split('/').filter(Boolean).at(-1) === bucket)
    throw invalid(
      'S3_ENDPOINT (s3.endpoint): contains the bucket',
      'Write https://host:port. The bucket is already named in s3://bucket/prefix (DWH_STORAGE, storage).',
    )
}

function invalid(message: string, hint: string): DwhError {
  return new DwhError('CONFIG_INVALID', message, { hint })
}
