import { join } from 'node:path'
import { readState } from '@dwh/metadata'
import { cachedFiles, localFiles, openSession, type Session, verifiedInMemory } from '@dwh/query'
import { type Looking, lookUntilEnd, type ReadersAnswer, SUM } from './look.ts'
import { openPlace } from './open-place.ts'
import type { ReadersSpec } from './spec.ts'

/** Queries by sessions of the library until stdin ends. */
export function readers(spec: ReadersSpec): Promise<ReadersAnswer> {
  async function asker(who: string, { isOver, look }: Looking): Promise<void> {
    while (!isOver()) {
      await look(who, async () => {
        const session = await open(spec)
        try {
          return Object.values((await session.queryAll(SUM))?.rows[0] ?? {})
        } finally {
          await session.close()
        }
      })
    }
  }

  /** Reads one table at the beginning; later queries must show the other table as of the same moment. */
  async function stayer(who: string, { isOver, look, rest }: Looking): Promise<void> {
    const session = await open(spec)
    const left = async () => Number((await session.queryAll('SELECT sum(n) AS n FROM left_pocket'))?.rows[0]?.n)
    const first = await left()
    while (!isOver()) {
      await look(who, async () => [first, spec.sum - first - (first - (await left()))])
      await rest()
    }
    await look(`${who}, at its end`, async () => Object.values((await session.queryAll(SUM))?.rows[0] ?? {}))
    await session.close()
  }

  return lookUntilEnd(spec.sum, (looking) => [
    ...Array.from({ length: spec.askers }, (_, i) => asker(`reader ${i + 1}`, looking)),
    ...Array.from({ length: spec.stayers }, (_, i) => stayer(`session ${i + 1}`, looking)),
  ])
}

async function open({ place, cache }: ReadersSpec): Promise<Session> {
  const store = openPlace(place)
  const read = async () => (await readState(store)).state
  const verified = verifiedInMemory()
  const files = store.localPath
    ? localFiles({ store, readState: read, verified })
    : cachedFiles({ store, readState: read, verified, folder: join(cache, 'files') })
  return openSession({ tables: (await read()).tables, files, threads: 1 })
}
