import { createHash } from 'node:crypto'
import { appendFile, readdir, readFile, readlink, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectInfo, ObjectStore } from '@dwh/core'
import { ClassStore } from '@dwh/storage/testing'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { cachedFiles, localFiles, verifiedInFolder, verifiedInMemory } from './index.ts'
import { type TestWarehouse, testWarehouse } from './test-support.ts'

/** A store that is an instance of a class, with local paths, presigned URLs and hashes. */
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

test('local files of a store that is an instance of a class: opened in place', async () => {
  const { file, bytes, store, readState } = await open()
  const opened = await localFiles({ store, readState }).open(file)
  expect(await readFile(opened.path)).toEqual(bytes)
  await opened.close()
})

test('cached files of a store that is an instance of a class: downloaded, or read in place', async () => {
  const { file, bytes, store, readState } = await open()
  const options = { store, readState, folder: await temporaryFolder(), verified: verifiedInMemory() }
  const fetched = await cachedFiles(options).open(file)
  expect(await readFile(fetched.path)).toEqual(bytes)
  await fetched.close()
  const inPlace = await cachedFiles({ ...options, maxBytes: file.bytes - 1 }).open(file)
  expect(await readFile(new URL(inPlace.path))).toEqual(bytes)
})

test('on disk: a local file is pinned where it is; another is downloaded to the path, or comes from the cache', async () => {
  const { file, bytes, store, readState } = await open()
  const at = join(await temporaryFolder(), 'here')
  const local = await localFiles({ store, readState }).openOnDisk(file, at)
  expect(await readFile(local.path)).toEqual(bytes)
  await local.close()
  await expect(stat(at)).rejects.toMatchObject({ code: 'ENOENT' })
  const folder = await temporaryFolder()
  const fetched: string[] = []
  const onFetch = ({ key }: { key: string }) => void fetched.push(key)
  const options = { store, readState, folder, verified: verifiedInMemory(), onFetch }
  // larger than the cache, and never in it
  const downloaded = await cachedFiles({ ...options, maxBytes: file.bytes - 1 }).openOnDisk(file, at)
  expect(downloaded.path).toBe(at)
  expect([await readFile(at), await readdir(folder)]).toEqual([bytes, []])
  await (await cachedFiles(options).open(file)).close()
  expect(fetched).toEqual([file.key, file.key])
  const cached = await cachedFiles(options).openOnDisk(file, at)
  expect(cached.path).not.toBe(at)
  expect(await readFile(cached.path)).toEqual(bytes)
  await cached.close()
  expect(fetched).toHaveLength(2)
  const other = { ...file, sha256: '0'.repeat(64) }
  await expect(cachedFiles(options).openOnDisk(other, at)).rejects.toMatchObject({ code: 'DAMAGED' })
})

/** Lists the open files of this process in the test's warehouse. */
async function openFiles(root: string): Promise<string[]> {
  const all = await readdir('/proc/self/fd')
  const paths = await Promise.all(all.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return paths.filter((path) => path.startsWith(root))
}

test('local files with other bytes than committed: an error, and nothing stays open', async () => {
  const house = await testWarehouse()
  const entry = await house.write({ name: 't' }, 'SELECT 1 AS i')
  const [file] = entry.files
  if (!file) throw new Error('no file')
  const path = join(house.root, file.key)
  const bytes = await readFile(path)
  const files = localFiles({ store: house.store, readState: async () => house.state })
  const changed = Buffer.from(bytes)
  changed[10] = (changed[10] ?? 0) ^ 1
  await writeFile(path, changed)
  await expect(files.open(file)).rejects.toMatchObject({ code: 'DAMAGED' })
  await writeFile(path, Buffer.concat([bytes, Buffer.from('more')]))
  await expect(files.open(file)).rejects.toMatchObject({ code: 'DAMAGED' })
  expect(await openFiles(house.root)).toEqual([])
})

test.each([
  ['in memory', async () => verifiedInMemory()],
  ['in a folder', async () => verifiedInFolder(await temporaryFolder())],
])('a file changed in place: not the file that was verified before, remembered %s', async (_, make) => {
  const path = join(await temporaryFolder(), 'file')
  await writeFile(path, 'before')
  const verified = await make()
  const seen = await stat(path, { bigint: true })
  await verified.add('hash', seen)
  expect(await verified.has('hash', seen)).toBe(true)
  expect(await verified.has('other', seen)).toBe(false)
  await utimes(path, new Date(), new Date('2026-02-18T03:00:00.001Z'))
  expect(await verified.has('hash', await stat(path, { bigint: true }))).toBe(false)
  await appendFile(path, 'more')
  expect(await verified.has('hash', await stat(path, { bigint: true }))).toBe(false)
})

test('the cache: stays within its limit, and removes the least recently used files first', async () => {
  const house = await testWarehouse()
  const files = []
  for (const name of ['a', 'b', 'c']) files.push(...(await house.write({ name }, `SELECT '${name}' AS i`)).files)
  const [a, b, c] = files
  if (!a || !b || !c) throw new Error('no files')
  const folder = await temporaryFolder()
  const cache = cachedFiles({
    store: house.store,
    readState: async () => house.state,
    folder,
    verified: verifiedInMemory(),
    maxBytes: a.bytes + b.bytes,
  })
  const use = async (file: typeof a) => (await cache.open(file)).close()
  const held = async () => (await readdir(folder)).filter((name) => name.endsWith('.parquet')).sort()
  const named = (...of: { sha256: string }[]) => of.map(({ sha256 }) => `${sha256}.parquet`).sort()
  await use(a)
  await use(b)
  expect(await held()).toEqual(named(a, b))
  // b was used an hour after a, then a two hours after
  await utimes(join(folder, `${b.sha256}.parquet.used`), new Date(), new Date('2026-02-18T04:00:00Z'))
  await utimes(join(folder, `${a.sha256}.parquet.used`), new Date(), new Date('2026-02-18T05:00:00Z'))
  await use(c)
  expect(await held()).toEqual(named(a, c))
})
