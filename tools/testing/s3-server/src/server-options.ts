import type { S3Credential } from './authenticate.ts'

export interface S3ServerOptions {
  /** Read at every request, so that a test may change them. One that may do everything, `TEST_CREDENTIAL`, when not given. */
  readonly credentials?: readonly S3Credential[]
  /** Made at the start. */
  readonly buckets?: readonly string[]
  /** `us-east-1` when not given; requests signed for another are refused. */
  readonly region?: string
  /** HTTPS instead of HTTP; PEM. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** A folder of its own is made in it and removed by `close()`; the system's temporary folder when not given. */
  readonly folder?: string
  /** Bodies above it go to files: 1 MiB. */
  readonly spillBytes?: number
  /** A Host of `<bucket>.<domain>` is virtual-host style: `localhost`. */
  readonly domains?: readonly string[]
  /** For the skew of requests, the expiry of presigned URLs and tokens, and every date in an answer. */
  readonly now?: () => Date
  /** Of every part but the last: 5 MiB. */
  readonly minPartBytes?: number
  /** Of one put, one part, one copied source: 5 GiB. */
  readonly maxPutBytes?: number
  /** The longest page of a list: 1000. */
  readonly maxListKeys?: number
  /** Of every chunk of an `aws-chunked` body but the last: 8192; 0 imitates servers that do not mind. */
  readonly minChunkBytes?: number
  /** Imitates servers that store the heads and trailers of `aws-chunked` inside the object. */
  readonly storesTrailers?: boolean
  /** Buckets with Object Lock and a default retention: a put or a part without a checksum is refused. What is written can be replaced and deleted, as versions would let it. */
  readonly lockedBuckets?: readonly string[]
  /** What a request without a signature may do; without it, nothing. */
  readonly anonymous?: Pick<S3Credential, 'deny'>
  /** Imitates servers that answer a repeated CompleteMultipartUpload with NoSuchUpload; AWS gives its answer again. */
  readonly forgetsCompletedUploads?: boolean
}

export const TEST_CREDENTIAL: S3Credential = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test-secret' }

/** The same with nothing left out. */
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
