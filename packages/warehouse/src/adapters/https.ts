import { webStore } from '@dwh/storage'
import type { StorageAdapter } from './adapter.ts'

/** A folder that a web server gives out, to read. */
export const https: StorageAdapter = {
  schemes: ['https', 'http'],
  example: 'https://host/folder to read',
  async open(url, _, { proxyFor }, retry) {
    const store = webStore({ url, proxy: proxyFor?.(url) || undefined, ...retry })
    return { store, secrets: [], described: { storage: url } }
  },
}
