/** Where an S3-compatible store is, and how to talk to it. */
export interface S3StoreOptions {
  readonly bucket: string
  /** Keys of the store are below it: `warehouse` or `data/warehouse`. Default: the whole bucket. */
  readonly prefix?: string | undefined
  /** Default: that of the AWS profile or environment; `us-east-1` with an `endpoint`. */
  readonly region?: string | undefined
  /** `https://s3.example.com:9000`, for everything that is not AWS. */
  readonly endpoint?: string | undefined
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. Default: true with an `endpoint`, false without. */
  readonly pathStyle?: boolean | undefined
  /** Ignored when `anonymous`. Default: those that the AWS SDK finds: environment, profile, web identity, container, instance. */
  readonly credentials?: S3Credentials | undefined
  /** A profile of `~/.aws/config`. */
  readonly profile?: string | undefined
  /** PEM certificates to trust beside those that Node knows, for a server with a certificate of its own. */
  readonly ca?: string | undefined
  /** `http://user:password@proxy:3128`. */
  readonly proxy?: string | undefined
  /** What each new object is encrypted with, at rest, by the server. Default: what the bucket says. */
  readonly encryption?: S3Encryption | undefined
  /**
   * Whether each write carries a checksum in a header, as buckets with Object Lock demand: `Content-MD5`, or at AWS what the SDK has. Default: at AWS the
   * SDK's, which is `always`; with an `endpoint` `when-required`.
   */
  readonly checksum?: 'when-required' | 'always' | undefined
  /** Reads a public bucket without credentials; what writes is refused. */
  readonly anonymous?: boolean | undefined
  /** Agrees to pay for requests to a bucket whose requester pays. */
  readonly requesterPays?: boolean | undefined
  /** Files above it are sent in parts of it; at most `parallelParts` of them are in memory. 5 MiB or more, default 8 MiB; more for files above 10,000 parts. */
  readonly partBytes?: number | undefined
  /** Default 4. */
  readonly parallelParts?: number | undefined
  /** Objects above it are copied in parts of it on the server's side. At most, and by default, 5 GiB. */
  readonly copyPartBytes?: number | undefined
  /** How often a request is sent before it has failed: with growing pauses of random length, or those that the server asks for. Default 5. */
  readonly attempts?: number | undefined
  /** How long to wait for a connection; for the next byte, six times as long. Default 10 s. */
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
/** What one CopyObject or UploadPartCopy may copy: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export const MAX_COPY_BYTES: number = 5 * 1024 ** 3
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MIN_PART_BYTES: number = 5 * 1024 * 1024
export const MAX_PARTS = 10_000
