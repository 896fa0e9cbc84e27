import type { ObjectStore } from '@dwh/core'
import { localStore, s3Store } from '@dwh/storage'
import type { Place } from './spec.ts'

export function openPlace(place: Place): ObjectStore {
  if ('path' in place) return localStore(place)
  const { bucket, endpoint, credentials } = place
  return s3Store({ bucket, endpoint, credentials })
}
