import { createHash } from 'node:crypto'
import { type Content, readContent } from './body-store.ts'
import { type ChecksumAlgorithm, startChecksum } from './checksums.ts'
import type { StoredChecksum } from './object-map.ts'

/** Computes the MD5, in hex, and the checksum of a whole object from stored bytes: of joined parts, or of a copy. */
export async function digestContent(
  content: Content,
  algorithm: ChecksumAlgorithm | null,
): Promise<{ md5: string; checksum: StoredChecksum | null }> {
  const md5 = createHash('md5')
  const running = algorithm === null ? null : startChecksum(algorithm)
  for await (const chunk of readContent(content)) {
    md5.update(chunk)
    running?.update(chunk)
  }
  const checksum: StoredChecksum | null =
    algorithm === null || running === null
      ? null
      : { algorithm, value: running.digest().toString('base64'), type: 'FULL_OBJECT' }
  return { md5: md5.digest('hex'), checksum }
}
