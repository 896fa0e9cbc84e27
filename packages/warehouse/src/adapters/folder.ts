import { fileURLToPath } from 'node:url'
import { DwhError } from '@dwh/core'
import { localStore } from '@dwh/storage'
import type { StorageAdapter } from './adapter.ts'

/** A folder, by its path or a `file://` URL. */
export const folder: StorageAdapter = {
  schemes: ['file'],
  example: 'the path of a folder',
  async open(url) {
    const path = url.startsWith('file:') ? pathOf(url) : url
    return { store: localStore({ path }), secrets: [], described: { storage: path } }
  },
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new DwhError('CONFIG_INVALID', `storage: ${(cause as Error).message}`, {
      cause,
      hint: 'Give the absolute path of a folder.',
    })
  }
}
