import { type Content, release } from './body-store.ts'
import type { ChecksumAlgorithm } from './checksums.ts'
import type { Described, StoredChecksum } from './object-map.ts'

export interface StoredPart {
  readonly number: number
  readonly content: Content
  /** Without quotes; the MD5 of the part, in hex. */
  readonly etag: string
  readonly modified: Date
  readonly checksum: StoredChecksum | null
}

export interface StoredUpload extends Described {
  readonly id: string
  readonly key: string
  readonly initiated: Date
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly checksumType: StoredChecksum['type']
  readonly parts: Map<number, StoredPart>
}

/** The multipart uploads of one bucket by id, in the order they began. */
export type UploadMap = Map<string, StoredUpload>

/** Takes over the part's hold on its content; a part with the same number is replaced. */
export function putPart(upload: StoredUpload, part: StoredPart): void {
  const before = upload.parts.get(part.number)
  if (before) release(before.content)
  upload.parts.set(part.number, part)
}

/** Ends the upload and releases its parts. */
export function dropUpload(uploads: UploadMap, upload: StoredUpload): void {
  if (!uploads.delete(upload.id)) return
  for (const part of upload.parts.values()) release(part.content)
}

export function sortedParts(upload: StoredUpload): StoredPart[] {
  return [...upload.parts.values()].sort((a, b) => a.number - b.number)
}
