import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectInfo, ObjectStore } from '@dwh/core'
import { ClassStore } from '@dwh/storage/testing'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { cachedFiles, localFiles, verifiedInMemory } from './index.ts'
import { type TestWarehouse, testWarehouse } from './test-support.ts'

/** A store as an instance of a class, whose files are of this machine, may be given out, and carry their hash. */
class FileStore extends ClassStore {
  readonly #root: string
  constructor({ root, store }: TestWarehouse) {
    super(store)
    this.#root = root
  }
  localPath(key: string): string {
    return join(this.#root, key)
  }
  override async head(key: string): Promise<ObjectInfo | null> {
    const [found, object] = [await super.head(key), await super.get(key)]
    return (
      found && {
        ...found,
        sha256: createHash('sha256')
          .update(object?.body ?? '')
          .digest('hex'),
      }
    )
  }
  async presignedUrl(key: string): Promise<string> {
    return `file://${this.#root}/${key}`
  }
}

async function open() {
  const house = await testWarehouse()
  const entry = await house.write({ name: 't' }, 'SELECT 1 AS i')
  const [file] = entry.files
  if (!file) throw new Error('no file')
  const bytes = await readFile(join(house.root, file.key))
  const store: ObjectStore = new FileStore(house)
  return { file, bytes, store, readState: async () => house.state }
}

test('local files of a store that is an instance of a class: opened where they are', async () => {
  const { file, bytes, store, readState } = await open()
  const opened = await localFiles({ store, readState }).open(file)
  expect(await readFile(opened.path)).toEqual(bytes)
  await opened.close()
})

test('cached files of a store that is an instance of a class: fetched, or read where they are', async () => {
  const { file, bytes, store, readState } = await open()
  const options = { store, readState, folder: await temporaryFolder(), verified: verifiedInMemory() }
  const fetched = await cachedFiles(options).open(file)
  expect(await readFile(fetched.path)).toEqual(bytes)
  await fetched.close()
  const inPlace = await cachedFiles({ ...options, maxBytes: file.bytes - 1 }).open(file)
  expect(await readFile(new URL(inPlace.path))).toEqual(bytes)
})
