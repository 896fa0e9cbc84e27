import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { DwhError, type ObjectInfo, type ObjectStore } from '@dwh/core'

/** A store in memory, for tests with thousands of requests. Its ETag of an object is the SHA-256 of its bytes. */
export function memoryStore(): ObjectStore {
  const objects = new Map<string, Uint8Array>()
  const infoOf = (key: string): ObjectInfo | null => {
    const body = objects.get(key)
    const sha256 = body && createHash('sha256').update(body).digest('hex')
    return body && sha256 ? { key, size: body.length, etag: sha256, sha256 } : null
  }
  const set = (key: string, body: Uint8Array): ObjectInfo => {
    objects.set(key, body)
    return infoOf(key) as ObjectInfo
  }
  return {
    url: 'memory:',
    get: async (key) => {
      const body = objects.get(key)
      return body ? { body, etag: infoOf(key)?.etag ?? '' } : null
    },
    async put(key, body, condition) {
      const now = infoOf(key)
      if (condition && ('ifAbsent' in condition ? now !== null : now?.etag !== condition.ifMatch))
        throw new DwhError('CONFLICT', `${key}: changed by another writer (conditional write failed)`)
      return set(key, body)
    },
    putFile: async (key, path) => set(key, await readFile(path)),
    head: async (key) => infoOf(key),
    getFile: async () => null,
    async copy(from, to, isWanted = async () => true) {
      const source = objects.get(from)
      const seen = infoOf(to)?.etag
      if (!source || !(await isWanted()) || infoOf(to)?.etag !== seen) return null
      return set(to, source)
    },
    async *list(prefix) {
      for (const key of [...objects.keys()].filter((key) => key.startsWith(prefix)).sort())
        yield infoOf(key) as ObjectInfo
    },
    async delete(key) {
      objects.delete(key)
    },
    conditionalWrites: async () => true,
  }
}
