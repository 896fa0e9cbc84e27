import { randomBytes } from 'node:crypto'
import { link, rm } from 'node:fs/promises'
import { honoursConditions, type ObjectStore, PROBE_PREFIX, STATE_KEY, temporaryName } from '@dwh/core'
import type { OpenedStorage } from '../adapters/adapter.ts'
import { attempt, type CheckId, type Finding, failed, type Limits, type Outcome, ok, skip, warning } from './finding.ts'
import { nearestFolder, removeEmptyFolders } from './folders.ts'

/**
 * Tests every operation that a warehouse needs in its storage, below `_dwh/probe/`, and leaves nothing behind. Returns
 * false if the storage cannot even be read.
 */
export async function* checkStorage(opened: OpenedStorage, limits: Limits): AsyncGenerator<Finding, boolean> {
  const { store } = opened
  const rest = ['storage.write', 'storage.conditions'] as const
  const listed = await attempt(limits, (signal) => first(store, signal))
  yield finding('storage.list', opened, listed, (any) => ok(`${store.url}: ${any ? 'not empty' : 'empty'}`))
  if ('failure' in listed) {
    yield* skip('storage.list', ...rest)
    return false
  }
  const folder = store.localPath ? store.url : null
  const before = folder === null ? null : await nearestFolder(folder)
  const written = await attempt(limits, (signal) => writeAndRead(store, signal))
  yield finding('storage.write', opened, written, (outcome) => outcome)
  if ('failure' in written) {
    yield* skip('storage.write', 'storage.conditions')
  } else {
    const honoured = await attempt(limits, () => conditions(store))
    yield finding('storage.conditions', opened, honoured, (outcome) => outcome)
  }
  if (folder !== null && before && before.path !== folder) await removeEmptyFolders(folder, before.path)
  return true
}

/** As `checkStorage`, for a user who only reads: writes nothing, and a storage that cannot be listed is no failure. */
export async function* checkReading(opened: OpenedStorage, limits: Limits): AsyncGenerator<Finding, boolean> {
  const { store } = opened
  const listed = await attempt(limits, (signal) => first(store, signal))
  const readState = async (signal: AbortSignal) => (await store.get(STATE_KEY, { signal })) !== null
  const read = 'value' in listed ? listed : await attempt(limits, readState)
  const outcome = 'value' in listed ? (listed.value ? 'not empty' : 'empty') : 'can be read, but not listed'
  yield finding('storage.list', opened, read, () => ok(`${store.url}: ${outcome}`))
  yield* skip('value' in read ? 'source.connection' : 'storage.list', 'storage.write', 'storage.conditions')
  return 'value' in read
}

function finding<T>(
  id: CheckId,
  { policy }: OpenedStorage,
  result: { readonly value: T } | { readonly failure: Outcome },
  outcome: (value: T) => Outcome,
): Finding {
  if ('value' in result) return { id, ...outcome(result.value) }
  const { failure } = result
  const denied = policy && /s3:[A-Z]/.test(failure.fix ?? '')
  return { id, ...failure, paste: denied ? `${policy()}\n` : null }
}

/** Whether the storage has an object. Needs `signal`: an abandoned list request would keep the program alive. */
async function first(store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  for await (const _ of store.list('', { signal })) return true
  return false
}

async function writeAndRead(store: ObjectStore, signal: AbortSignal): Promise<Outcome> {
  const key = probeKey()
  const body = randomBytes(1024)
  await store.put(key, body)
  const found = await store.get(key, { signal }).finally(() => store.delete(key))
  if (found && Buffer.compare(found.body, body) === 0) return ok('written, read back, deleted')
  return failed(
    'the data read back is not what was written',
    'Something between this machine and the storage changes the data: a proxy, or a gateway that adds checksums.',
  )
}

async function conditions(store: ObjectStore): Promise<Outcome> {
  if (store.localPath) return links(store, store.localPath.bind(store))
  if (await honoursConditions(store)) return ok('conditional writes work: of two simultaneous runs, one wins')
  return warning(
    'conditional writes are ignored: two simultaneous runs may both report success',
    'Let only one machine write here, or use a storage that supports If-Match and If-None-Match (docs/storage.md lists some).',
  )
}

/** Tests hard links: a folder needs them for conditional writes, and some network shares lack them. */
async function links(store: ObjectStore, localPath: (key: string) => string): Promise<Outcome> {
  const key = probeKey()
  await store.put(key, new Uint8Array([1]))
  const [path, other] = [localPath(key), `${localPath(key)}-link`]
  try {
    await link(path, other)
    return ok('hard links work: of two simultaneous runs, one wins')
  } catch (error) {
    return failed(
      `no hard links: ${(error as Error).message}`,
      'Runs need a file system with hard links, such as a local disk, or a bucket. Queries work.',
    )
  } finally {
    await rm(other, { force: true })
    await store.delete(key)
  }
}

function probeKey(): string {
  return `${PROBE_PREFIX}${temporaryName()}`
}
