import type { S3Credential } from './authenticate.ts'

export interface S3ServerOptions {
  /** Read at every request, so a test may change them. Default: one with all permissions, `TEST_CREDENTIAL`. */
  readonly credentials?: readonly S3Credential[]
  /** Buckets to make at the start. */
  readonly buckets?: readonly string[]
  /** Default `us-east-1`. Requests signed for another region are rejected. */
  readonly region?: string
  /** Serves HTTPS instead of HTTP. PEM. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** The server makes a folder in it, and `close()` removes that. Default: the system's temporary folder. */
  readonly folder?: string
  /** Larger bodies go to files. Default 1 MiB. */
  readonly spillBytes?: number
  /** A Host of `<bucket>.<domain>` is virtual-host style. Default: `localhost`. */
  readonly domains?: readonly string[]
  /** The clock for the skew of requests, the expiry of presigned URLs and tokens, and the dates in answers. */
  readonly now?: () => Date
  /** Smallest part, except the last one. Default 5 MiB. */
  readonly minPartBytes?: number
  /** Largest put, part and copied source. Default 5 GiB. */
  readonly maxPutBytes?: number
  /** Longest page of a list. Default 1000. */
  readonly maxListKeys?: number
  /**
   * Smallest chunk of an `aws-chunked` body, except the last one. Default 8192; 0 imitates servers without a minimum.
   */
  readonly minChunkBytes?: number
  /** Imitates servers that store the heads and trailers of `aws-chunked` inside the object. */
  readonly storesTrailers?: boolean
  /**
   * Buckets with Object Lock and a default retention: a put or a part without a checksum is rejected. Objects can be
   * replaced and deleted, as versions would allow.
   */
  readonly lockedBuckets?: readonly string[]
  /** Permissions of requests without a signature. Default: none. */
  readonly anonymous?: Pick<S3Credential, 'deny'>
  /** Imitates servers that answer a repeated CompleteMultipartUpload with NoSuchUpload. AWS repeats its answer. */
  readonly forgetsCompletedUploads?: boolean
}

export const TEST_CREDENTIAL: S3Credential = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test-secret' }

/** The options with all defaults filled in. */
export function withDefaults(
  options: S3ServerOptions,
): Required<Omit<S3ServerOptions, 'tls' | 'folder' | 'anonymous'>> & Pick<S3ServerOptions, 'anonymous'> {
  return {
    credentials: options.credentials ?? [TEST_CREDENTIAL],
    buckets: options.buckets ?? [],
    region: options.region ?? 'us-east-1',
    spillBytes: options.spillBytes ?? 1024 * 1024,
    domains: options.domains ?? ['localhost'],
    now: options.now ?? (() => new Date()),
    minPartBytes: options.minPartBytes ?? 5 * 1024 ** 2,
    maxPutBytes: options.maxPutBytes ?? 5 * 1024 ** 3,
    maxListKeys: options.maxListKeys ?? 1000,
    minChunkBytes: options.minChunkBytes ?? 8192,
    storesTrailers: options.storesTrailers ?? false,
    lockedBuckets: options.lockedBuckets ?? [],
    ...(options.anonymous ? { anonymous: options.anonymous } : {}),
    forgetsCompletedUploads: options.forgetsCompletedUploads ?? false,
  }
}
