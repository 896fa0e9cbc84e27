import { seeded } from '../../protocol-model/src/simulation/random.ts'
import { History } from './history.ts'
import { liveADay } from './steps.ts'

export interface Ground {
  /** Makes a database, and returns its URL. */
  database(): Promise<string>
  /** Restarts the server, and returns the new URL of a database. */
  restart(url: string): Promise<string>
  /** Begins an empty warehouse, or what stands for one. */
  follow(): Promise<Follower>
}

/** Follows a database from day to day. */
export interface Follower {
  /** Takes the next day. `isNext`: by the next release of the code. */
  takeDay(connection: string, isNext: boolean): Promise<TakenDay>
  /** Releases what it holds. */
  end(): Promise<void>
}

export interface TakenDay {
  /** What is wrong with what was said or stored; null for nothing. */
  readonly violation: string | null
  /** By table: what was said, such as `rows-changed` or `unchanged`, and a hash of a full read in the same snapshot. */
  readonly tables: ReadonlyMap<string, { readonly said: string; readonly hash: string }>
}

export interface Simulated {
  /** What was wrong; null if every answer was right. */
  readonly violation: string | null
  readonly trace: readonly string[]
  /** Numbers of tables whose rows were those of the day before, by what detection said. */
  readonly same: ReadonlyMap<string, number>
}

const DAYS = 9

/** Lives through a random history. Each day is compared with a full read in the same snapshot. */
export async function simulate({ database, restart, follow }: Ground, seed: number): Promise<Simulated> {
  const random = seeded(seed)
  let url = await database()
  const history = new History(random, url)
  const follower = await follow()
  const same = new Map<string, number>()
  let earlier: TakenDay['tables'] = new Map()
  let isNext = false
  try {
    await history.begin()
    for (let day = 1; day <= DAYS; day += 1) {
      if (day > 1) await liveADay(history)
      if (random.chance(0.02)) {
        await history.end()
        url = await restart(url)
        history.moveTo(url)
        history.trace.push('restart')
      }
      if (!isNext && random.chance(0.03)) {
        isNext = true
        history.trace.push('the next release')
      }
      const { violation, tables } = await follower.takeDay(url, isNext)
      history.trace.push(`-- day ${day}`)
      if (violation !== null) return { violation: `seed ${seed}, day ${day}: ${violation}`, trace: history.trace, same }
      for (const [name, { said, hash }] of tables)
        if (earlier.get(name)?.hash === hash) same.set(said, (same.get(said) ?? 0) + 1)
      earlier = tables
    }
    return { violation: null, trace: history.trace, same }
  } finally {
    await follower.end()
    await history.end()
    for (const id of history.prepared) await history.run(`ROLLBACK PREPARED '${id}'`)
    await history.end()
  }
}
