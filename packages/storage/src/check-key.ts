import { DwhError } from '@dwh/core'

const SEGMENT = /^[A-Za-z0-9_.%~-]{1,255}$/

/**
 * Checks that every store can hold a key, and that the key does not lead out of the store's root.
 * @throws DwhError STORE_FAILED
 */
export function checkKey(key: string): string {
  const valid = key.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..')
  if (valid) return key
  throw new DwhError('STORE_FAILED', `key ${JSON.stringify(key)}: not valid`, {
    hint: 'A key is segments of A-Z a-z 0-9 _ - . % ~ joined by /, none of them empty, "." or "..".',
  })
}
