import type { Content } from './body-store.ts'
import type { ChecksumAlgorithm } from './checksums.ts'
import type { ObjectMap } from './object-map.ts'
import type { ReceivedBody } from './receive-body.ts'
import type { S3Request } from './s3-request.ts'
import type { UploadMap } from './upload-map.ts'

export interface Bucket {
  readonly created: Date
  readonly objects: ObjectMap
  readonly uploads: UploadMap
  /** The answers to completed multipart uploads by upload id, for clients that ask again. */
  readonly completed: Map<string, CompletedUpload>
}

export interface CompletedUpload {
  readonly key: string
  readonly answer: Answer
}

/** The options of the server that operations need. */
export interface Rules {
  readonly region: string
  readonly minPartBytes: number
  readonly maxPutBytes: number
  readonly maxListKeys: number
  readonly lockedBuckets: readonly string[]
  readonly forgetsCompletedUploads: boolean
}

/** One request that is being answered: everything that an operation may know and do. */
export interface Call {
  readonly request: S3Request
  readonly buckets: Map<string, Bucket>
  readonly rules: Rules
  readonly now: Date
  /** From the script: whether to ignore conditions, and how many writes lists are behind. */
  readonly ignoresConditions: boolean
  readonly staleWrites: number
  /** @throws S3Error AccessDenied if the credential lacks the permission */
  need(action: string, key: string): void
  may(action: string, key: string): boolean
  /** Reads and verifies the body. */
  receive(options?: { checksum?: ChecksumAlgorithm | null; maxBytes?: number }): Promise<ReceivedBody>
  /** Must be awaited last before the operation takes effect: a script may order races here. */
  beforeEffect(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** XML, or the bytes of an object. */
  readonly body?: string | Content
}

export type Operation = (call: Call) => Promise<Answer>
