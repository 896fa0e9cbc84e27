import {
  type BulkText,
  DAYS_PREFIX,
  INDEX_PREFIX,
  LEASE_KEY,
  type ObjectStore,
  PARTS_PREFIX,
  RUNS_PREFIX,
  type Source,
  type SourceSnapshot,
  STATE_KEY,
} from '@dwh/core'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { What } from '../points.ts'

/** Called before and after each step, and awaited. It may never return. */
export type Reach = (when: 'before' | 'after', what: What) => Promise<void>

async function step<T>(reach: Reach, what: What | null, work: () => Promise<T>): Promise<T> {
  if (what) await reach('before', what)
  const answer = await work()
  if (what) await reach('after', what)
  return answer
}

interface SeenState {
  readonly run_id: string | null
  readonly fencing_token: number
}

const LISTED = [PARTS_PREFIX, DAYS_PREFIX, INDEX_PREFIX]

/** Wraps a store and reports the steps of the run. */
export function observedStore(store: ObjectStore, reach: Reach): ObjectStore {
  let last: SeenState = { run_id: null, fencing_token: 0 }

  function whatGetIs(key: string): What | null {
    if (key.startsWith(INDEX_PREFIX)) return 'read-index'
    return key === STATE_KEY ? 'state' : null
  }

  function whatPutIs(key: string, body: Uint8Array): What | null {
    const text = Buffer.from(body).toString()
    if (key === LEASE_KEY) return JSON.parse(text).released ? 'release' : 'lease'
    if (key.startsWith(RUNS_PREFIX)) return 'record'
    if (key.startsWith(DAYS_PREFIX)) return 'put-list'
    if (key.startsWith(INDEX_PREFIX)) return 'put-index'
    if (key !== STATE_KEY) return null
    const next: SeenState = JSON.parse(text)
    if (next.run_id !== last.run_id) return 'commit'
    return next.fencing_token > last.fencing_token ? 'token' : 'clear'
  }

  return {
    ...store,
    async get(key, options) {
      const found = await step(reach, whatGetIs(key), () => store.get(key, options))
      if (key === STATE_KEY && found) last = JSON.parse(Buffer.from(found.body).toString())
      return found
    },
    async put(key, body, condition) {
      const info = await step(reach, whatPutIs(key, body), () => store.put(key, body, condition))
      if (key === STATE_KEY) last = JSON.parse(Buffer.from(body).toString())
      return info
    },
    putFile: (...args) => step(reach, 'put-part', () => store.putFile(...args)),
    copy: (from, to, isWanted) =>
      step(reach, 'copy', () =>
        store.copy(from, to, async () => {
          const wanted = (await isWanted?.()) ?? true
          await reach('before', 'place')
          return wanted
        }),
      ),
    async *list(prefix, options) {
      const isLooking = LISTED.includes(prefix)
      if (isLooking) await reach('before', 'look')
      yield* store.list(prefix, options)
      if (isLooking) await reach('after', 'look')
    },
    delete: (key) => step(reach, 'tidy', () => store.delete(key)),
  }
}

/** Wraps a source and reports its steps. */
export function observedSource(source: Source, reach: Reach): Source {
  return {
    open: (signal) => step(reach, 'snapshot', async () => observedSnapshot(await source.open(signal), reach)),
  }
}

function observedSnapshot(snapshot: SourceSnapshot, reach: Reach): SourceSnapshot {
  return new Proxy(snapshot, {
    get(target, name, receiver) {
      const own = Reflect.get(target, name, receiver)
      if (name === 'tables' || name === 'profileTable' || name === 'close')
        return (...args: unknown[]) => step(reach, name, () => own.apply(target, args))
      if (name !== 'readBulkText') return own
      return (...args: unknown[]) => {
        const data: BulkText = own.apply(target, args)
        return { bulkText: observedBytes(data.bulkText, reach), sent: () => data.sent() }
      }
    },
  })
}

async function* observedBytes(bytes: AsyncIterable<Uint8Array>, reach: Reach): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    await reach('before', 'chunk')
    yield chunk
    await reach('after', 'chunk')
  }
}

export function observedWriter(writer: ParquetWriter, reach: Reach): ParquetWriter {
  return {
    ...writer,
    write: (input) => step(reach, 'parquet', () => writer.write(input)),
    prove: (...args) => step(reach, 'proof', () => writer.prove(...args)),
  }
}
