import { type Content, readContent } from './body-store.ts'
import type { Encryption, StoredChecksum } from './object-map.ts'
import type { Bucket } from './operation.ts'
import { sortedParts } from './upload-map.ts'

/** An object for the assertions of a test. */
export interface ObjectView {
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly modified: Date
  /** `content-type` and similar headers, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** Without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
  /** The `x-amz-server-side-encryption*` headers that it was written with. */
  readonly encryption: Encryption
  readonly checksum: StoredChecksum | null
  /** 0 if it was put as a whole. */
  readonly partCount: number
  /** All its bytes at once. */
  bytes(): Promise<Buffer>
}

export interface UploadView {
  readonly id: string
  readonly key: string
  readonly parts: readonly { readonly number: number; readonly size: number; readonly etag: string }[]
}

const META = 'x-amz-meta-'

export function objectsOf(buckets: ReadonlyMap<string, Bucket>, name: string): ObjectView[] {
  const { objects } = named(buckets, name)
  return [...objects.list('')].map(({ key, size, etag, modified, checksum }) => {
    const object = objects.get(key)
    const headers = Object.entries(object?.headers ?? {})
    return {
      key,
      size,
      etag,
      modified,
      checksum,
      headers: Object.fromEntries(headers.filter(([header]) => !header.startsWith(META))),
      metadata: Object.fromEntries(
        headers
          .filter(([header]) => header.startsWith(META))
          .map(([header, value]) => [header.slice(META.length), value]),
      ),
      encryption: object?.encryption ?? {},
      partCount: object?.partSizes.length ?? 0,
      bytes: () => bytesOf(object?.content),
    }
  })
}

export function uploadsOf(buckets: ReadonlyMap<string, Bucket>, name: string): UploadView[] {
  return [...named(buckets, name).uploads.values()].map((upload) => ({
    id: upload.id,
    key: upload.key,
    parts: sortedParts(upload).map(({ number, content, etag }) => ({ number, size: content.size, etag })),
  }))
}

async function bytesOf(content: Content | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  if (content) for await (const chunk of readContent(content)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function named(buckets: ReadonlyMap<string, Bucket>, name: string): Bucket {
  const bucket = buckets.get(name)
  if (!bucket) throw new Error(`there is no bucket ${name}`)
  return bucket
}
