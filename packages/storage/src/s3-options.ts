/** The address of an S3-compatible store, and how to access it. */
export interface S3StoreOptions {
  readonly bucket: string
  /** Prefix of all keys of the store: `warehouse` or `data/warehouse`. Default: none, the whole bucket. */
  readonly prefix?: string | undefined
  /** Default: the region of the AWS profile or environment; `us-east-1` with an `endpoint`. */
  readonly region?: string | undefined
  /** `https://s3.example.com:9000`, for any server but AWS. */
  readonly endpoint?: string | undefined
  /**
   * `https://host/bucket/key` instead of `https://bucket.host/key`. Default: true with an `endpoint`, false without.
   */
  readonly pathStyle?: boolean | undefined
  /**
   * Ignored when `anonymous`. Default: those that the AWS SDK finds (environment, profile, web identity, container,
   * instance).
   */
  readonly credentials?: S3Credentials | undefined
  /** A profile of `~/.aws/config`. */
  readonly profile?: string | undefined
  /** PEM certificates to trust in addition to Node's, for a server with its own certificate. */
  readonly ca?: string | undefined
  /** `http://user:password@proxy:3128`. */
  readonly proxy?: string | undefined
  /** How the server encrypts new objects at rest. Default: the setting of the bucket. */
  readonly encryption?: S3Encryption | undefined
  /**
   * Whether each write carries a checksum in a header, as buckets with Object Lock require: `Content-MD5`, or at AWS
   * the SDK's checksum. Default: at AWS the SDK's default, which is `always`; with an `endpoint` `when-required`.
   */
  readonly checksum?: 'when-required' | 'always' | undefined
  /** Reads a public bucket without credentials; writes are refused. */
  readonly anonymous?: boolean | undefined
  /** Agrees to pay for requests to a requester-pays bucket. */
  readonly requesterPays?: boolean | undefined
  /**
   * Files above this size are uploaded in parts of this size; at most `parallelParts` of them are in memory. 5 MiB or
   * more, default 8 MiB; larger parts for files above 10,000 parts.
   */
  readonly partBytes?: number | undefined
  /** Parts that are uploaded in parallel. Default 4. */
  readonly parallelParts?: number | undefined
  /** Objects above this size are copied in parts of this size on the server. At most, and by default, 5 GiB. */
  readonly copyPartBytes?: number | undefined
  /** Attempts per request, with growing pauses of random length, or pauses that the server asks for. Default 5. */
  readonly attempts?: number | undefined
  /** Timeout for a connection; six times as long for the next byte. Default 10 s. */
  readonly connectTimeoutMs?: number | undefined
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface S3Encryption {
  readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  readonly kmsKeyId?: string | undefined
}

export const DEFAULT_PART_BYTES: number = 8 * 1024 * 1024
export const DEFAULT_PARALLEL_PARTS = 4
export const DEFAULT_ATTEMPTS = 5
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000
/**
 * The limit of one CopyObject or UploadPartCopy: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export const MAX_COPY_BYTES: number = 5 * 1024 ** 3
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MIN_PART_BYTES: number = 5 * 1024 * 1024
export const MAX_PARTS = 10_000
