import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  DwhError,
  GENERATIONS_PREFIX,
  INCOMING_PREFIX,
  isInternal,
  isOrphan,
  type ObjectInfo,
  type ObjectStore,
  type PutCondition,
  type PutFileOptions,
  throwIfAborted,
  wrapStore,
} from '@dwh/core'
import { checkKey } from './check-key.ts'
import { bodyInfo, bodyOf, generationOf, incomingPath, putGeneration } from './conditional-key.ts'
import { always, copyPlain, removeCopies } from './copy-plain.ts'
import { copyFile, hashFile, moveInto, place, stamp, writeFile } from './durable.ts'
import { bodyEtag, bodyHash, keysWithGenerations } from './generations.ts'
import { hasCode, localFailure } from './local-errors.ts'
import { infoOf, orNull, plainInfo, readPlain, removeEmptyFolders } from './plain-file.ts'
import { byBytes, inBatches, mergeKeys, walk } from './walk.ts'

export interface LocalStoreOptions {
  /** The folder; the first write makes it. */
  readonly path: string
}

/**
 * Stores objects as files of a local folder. Keys are the paths of the files, so other programs can read them.
 *
 * A write goes to `_dwh/incoming/`, is synced, and is renamed to its final name; a process that dies leaves one file
 * there and nothing else. A key that was ever put with a condition has numbered generations below `_dwh/generations/`.
 * The file under its own name is then a copy for people and other programs; the store updates it and never reads it.
 *
 * @example
 * const store = localStore({ path: 'warehouse' })
 * const { etag } = await store.put('etl.json', body, { ifAbsent: true })
 * await store.put('etl.json', next, { ifMatch: etag })
 */
export function localStore(options: LocalStoreOptions): ObjectStore {
  const root = resolve(options.path)
  const pathOf = (key: string) => join(root, checkKey(key))

  async function put(key: string, body: Uint8Array, condition?: PutCondition): Promise<ObjectInfo> {
    checkKey(key)
    if (!condition && !(await generationOf(root, key))) {
      const info = await bringIn(root, key, (temporary) => writeFile(temporary, body))
      // another writer may have begun generations, which hide what was just written
      if (info && !(await generationOf(root, key))) return { ...info, sha256: bodyHash(body) }
    }
    await putGeneration(root, key, body, condition)
    return bodyInfo(key, body)
  }

  async function head(key: string): Promise<ObjectInfo | null> {
    const path = pathOf(key)
    const generation = await generationOf(root, key)
    if (generation) return generation.body && bodyInfo(key, generation.body)
    return plainInfo(key, path)
  }

  const store: ObjectStore = {
    url: root,

    async get(key, { signal } = {}) {
      const path = pathOf(key)
      throwIfAborted(signal, root)
      const generation = await generationOf(root, key)
      if (!generation) return readPlain(path)
      const body = bodyOf(root, key, generation)
      return body && { body, etag: bodyEtag(body) }
    },

    put,
    async head(key, { signal } = {}) {
      throwIfAborted(signal, root)
      return head(key)
    },

    async putFile(key, from, options = {}) {
      const path = pathOf(key)
      if (await generationOf(root, key))
        throw new DwhError('STORE_FAILED', `${path}: this key uses conditional writes`, { hint: 'Use put() for it.' })
      return putFile(root, key, from, options)
    },

    async getFile(key, to, { signal } = {}) {
      const path = pathOf(key)
      const generation = await generationOf(root, key)
      if (!generation) return getFile(key, path, to, signal)
      if (generation.body === null) return null
      const temporary = temporaryBeside(to)
      await writeFile(temporary, generation.body)
      await rename(temporary, to)
      return bodyInfo(key, generation.body)
    },

    async copy(from, to, isWanted = always) {
      const source = pathOf(from)
      checkKey(to)
      const [fromGeneration, toGeneration] = [await generationOf(root, from), await generationOf(root, to)]
      if (!fromGeneration && !toGeneration) return copyPlain(root, source, to, isWanted)
      const body = fromGeneration ? fromGeneration.body : (await readPlain(source))?.body
      return body && (await isWanted()) ? put(to, body) : null
    },

    async *list(prefix, { signal } = {}) {
      throwIfAborted(signal, root)
      const conditional = (await keysWithGenerations(root)).filter((key) => key.startsWith(prefix)).sort(byBytes)
      const isConditional = new Set(conditional)
      const keys = mergeKeys(walk(root, prefix, [GENERATIONS_PREFIX, INCOMING_PREFIX]), conditional)
      for await (const batch of inBatches(keys, LISTED_AT_ONCE)) {
        throwIfAborted(signal, root)
        // most keys have no generations, and looking for those of each takes longer than all the rest
        yield* await infosOf(batch, (key) => (isConditional.has(key) ? head(key) : plainInfo(key, pathOf(key))))
      }
    },

    async delete(key) {
      const path = pathOf(key)
      if (await generationOf(root, key)) return putGeneration(root, key, null, undefined)
      if (!isInternal(key)) await removeCopies(root, key)
      await rm(path, { force: true })
      await removeEmptyFolders(dirname(path), root)
    },

    removeUnfinished: (now) => removeUnfinished(root, now),

    // the file system honours them: it allows only one hard link of a name
    conditionalWrites: async () => true,

    localPath: pathOf,
  }
  return wrapErrors(store, root)
}

/** Files whose size is asked for at once: a warehouse of some years has tens of thousands. */
const LISTED_AT_ONCE = 64

/** Leaves out keys that are gone by now. */
async function infosOf(
  keys: readonly string[],
  look: (key: string) => Promise<ObjectInfo | null>,
): Promise<ObjectInfo[]> {
  return (await Promise.all(keys.map(look))).filter((info) => info !== null)
}

/**
 * Lets `make` write a temporary file, then renames it to the key. Does nothing and returns null when `make` returns
 * null.
 */
async function bringIn(
  root: string,
  key: string,
  make: (temporary: string) => Promise<unknown>,
): Promise<ObjectInfo | null> {
  const temporary = incomingPath(root)
  try {
    if ((await make(temporary)) === null) return null
    const info = await plainInfo(key, temporary)
    await moveInto(temporary, join(root, key))
    return info
  } finally {
    // it still exists after a failure, and after a rename between two names of one file, which does nothing
    await rm(temporary, { force: true })
  }
}

async function putFile(
  root: string,
  key: string,
  from: string,
  { move = false, sha256, signal }: PutFileOptions,
): Promise<ObjectInfo> {
  const source = await open(from)
  try {
    let hash = sha256
    const info = await bringIn(root, key, async (temporary) => {
      if (move) {
        hash ??= await hashFile(source, signal)
        await takeOver(source, from, temporary, signal)
      } else {
        hash = await copyFile(source, temporary, signal)
      }
      throwIfAborted(signal, join(root, key))
    })
    return { ...(info as ObjectInfo), sha256: hash ?? null }
  } finally {
    await source.close()
  }
}

/** Copies a file out of the store; null when there is none. */
async function getFile(
  key: string,
  path: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<ObjectInfo | null> {
  const temporary = temporaryBeside(to)
  const source = await orNull(open(path))
  if (!source) return null
  try {
    const sha256 = await copyFile(source, temporary, signal)
    await rename(temporary, to)
    return { ...infoOf(key, await source.stat({ bigint: true })), sha256 }
  } finally {
    await source.close()
    await rm(temporary, { force: true })
  }
}

function temporaryBeside(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}`
}

/** Moves the caller's file to a path of the store: by rename or, from another file system, by copy. */
async function takeOver(source: FileHandle, from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  await stamp(source)
  await source.sync()
  try {
    await place(from, to, rename)
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error
    await copyFile(source, to, signal)
    await rm(from, { force: true })
  }
}

/** Removes the incoming files of dead processes; returns how many. */
async function removeUnfinished(root: string, now: Date): Promise<number> {
  const folder = join(root, INCOMING_PREFIX)
  let removed = 0
  for (const name of (await orNull(readdir(folder))) ?? []) {
    const path = join(folder, name)
    const found = await orNull(stat(path))
    if (!found || !isOrphan(name, found.mtimeMs, now.getTime())) continue
    await rm(path, { force: true })
    removed += 1
  }
  return removed
}

/** Converts every failure of the file system to a DwhError. */
function wrapErrors(store: ObjectStore, root: string): ObjectStore {
  const wrap = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (error) {
      throw localFailure(error, root)
    }
  }
  return wrapStore(store, {
    get: (key, options) => wrap(store.get(key, options)),
    put: (key, body, condition) => wrap(store.put(key, body, condition)),
    putFile: (key, path, options) => wrap(store.putFile(key, path, options)),
    head: (key, options) => wrap(store.head(key, options)),
    getFile: (key, path, options) => wrap(store.getFile(key, path, options)),
    copy: (from, to, isWanted) => wrap(store.copy(from, to, isWanted)),
    delete: (key) => wrap(store.delete(key)),
    removeUnfinished: (now) => wrap(removeUnfinished(root, now)),
    async *list(prefix, options) {
      try {
        yield* store.list(prefix, options)
      } catch (error) {
        throw localFailure(error, root)
      }
    },
  })
}
