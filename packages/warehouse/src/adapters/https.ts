import { webStore } from '@dwh/storage'
import type { StorageAdapter } from './adapter.ts'

/** A read-only folder on a web server. */
export const https: StorageAdapter = {
  schemes: ['https', 'http'],
  example: 'https://host/folder (read-only)',
  async open(url, _, { proxyFor }, retry) {
    const store = webStore({ url, proxy: proxyFor?.(url) || undefined, ...retry })
    return { store, secrets: [], described: { storage: url } }
  },
}
