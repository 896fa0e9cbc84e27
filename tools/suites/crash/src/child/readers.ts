import { join } from 'node:path'
import { readState } from '@dwh/metadata'
import { cachedFiles, localFiles, openSession, type Session, verifiedInMemory } from '@dwh/query'
import { openPlace } from './open-place.ts'
import type { ReadersSpec } from './spec.ts'

export interface ReadersAnswer {
  readonly answers: number
  readonly mixed: readonly string[]
  readonly errors: readonly string[]
  /** Number of different states seen. */
  readonly states: number
}

const SUM = 'SELECT (SELECT sum(n) FROM left_pocket)::INTEGER AS l, (SELECT sum(n) FROM right_pocket)::INTEGER AS r'

/** Queries until stdin ends. Money only moves, so the sum differs if the two tables are of different moments. */
export async function readers(spec: ReadersSpec): Promise<ReadersAnswer> {
  const found = { answers: 0, mixed: [] as string[], errors: [] as string[], states: new Set<string>() }
  let over = false
  process.stdin.resume().once('end', () => {
    over = true
  })

  async function look(who: string, ask: () => Promise<readonly unknown[]>): Promise<void> {
    try {
      const [left, right] = (await ask()).map(Number)
      found.answers += 1
      found.states.add(String(left))
      if ((left ?? 0) + (right ?? 0) !== spec.sum) found.mixed.push(`${who}: ${left} and ${right}`)
    } catch (error) {
      found.errors.push(`${who}: ${error}`)
    }
  }

  async function asker(who: string): Promise<void> {
    while (!over) {
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
  async function stayer(who: string): Promise<void> {
    const session = await open(spec)
    const left = async () => Number((await session.queryAll('SELECT sum(n) AS n FROM left_pocket'))?.rows[0]?.n)
    const first = await left()
    while (!over) {
      await look(who, async () => [first, spec.sum - first - (first - (await left()))])
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await look(`${who}, at its end`, async () => Object.values((await session.queryAll(SUM))?.rows[0] ?? {}))
    await session.close()
  }

  const all = [
    ...Array.from({ length: spec.askers }, (_, i) => asker(`reader ${i + 1}`)),
    ...Array.from({ length: spec.stayers }, (_, i) => stayer(`session ${i + 1}`)),
  ]
  process.stdout.write('ready\n')
  await Promise.all(all)
  return { ...found, states: found.states.size }
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
