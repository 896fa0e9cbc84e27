import {
  type BulkText,
  LEASE_KEY,
  type ObjectStore,
  RUNS_PREFIX,
  SNAPSHOTS_PREFIX,
  type Source,
  type SourceSnapshot,
  STAGE_PREFIX,
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

/** Wraps a store and reports the steps of the run. */
export function observedStore(store: ObjectStore, reach: Reach): ObjectStore {
  let committed = false

  function whatPutIs(key: string, body: Uint8Array): What | null {
    const text = Buffer.from(body).toString()
    if (key === LEASE_KEY) return JSON.parse(text).released ? 'release' : 'lease'
    if (key.startsWith(RUNS_PREFIX)) return 'record'
    if (key.startsWith(`${STAGE_PREFIX}`) && key.includes(SNAPSHOTS_PREFIX)) return 'stage-manifest'
    if (key !== STATE_KEY) return null
    if (JSON.parse(text).publishing) {
      committed = true
      return 'commit'
    }
    return committed ? 'clear' : 'token'
  }

  return {
    ...store,
    get: (key) => step(reach, key === STATE_KEY ? 'state' : null, () => store.get(key)),
    put: (key, body, condition) => step(reach, whatPutIs(key, body), () => store.put(key, body, condition)),
    putFile: (...args) => step(reach, 'stage', () => store.putFile(...args)),
    copy: (...args) => step(reach, 'retain', () => store.copy(...args)),
    move: (from, to, seen) =>
      step(reach, to.endsWith('.json') ? 'promote-manifest' : 'promote', () => store.move(from, to, seen)),
    delete: (key) => step(reach, committed ? 'unstage' : 'tidy', () => store.delete(key)),
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
