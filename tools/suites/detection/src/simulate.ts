import { seeded } from '../../protocol-model/src/simulation/random.ts'
import type { Code } from './build-code.ts'
import { History } from './history.ts'
import { liveADay } from './steps.ts'
import { type Day, takeDay } from './take-day.ts'

export interface Ground {
  readonly code: Code
  /** The next release of the same code. */
  readonly next: Code
  /** Makes a database, and returns its URL. */
  database(): Promise<string>
  /** Restarts the server, and returns the new URL of a database. */
  restart(url: string): Promise<string>
}

export interface Simulated {
  /** What was wrong; null if every answer was right. */
  readonly violation: string | null
  readonly trace: readonly string[]
  /** Numbers of tables whose rows were those of the day before, by what detection said. */
  readonly same: ReadonlyMap<string, number>
}

const DAYS = 9

/** Lives through a random history. Each day's answers are compared with a full read in the same snapshot. */
export async function simulate({ code, next, database, restart }: Ground, seed: number): Promise<Simulated> {
  const random = seeded(seed)
  let url = await database()
  const history = new History(random, url)
  const same = new Map<string, number>()
  let earlier: Day | undefined
  let released = false
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
      if (!released && random.chance(0.03)) {
        released = true
        history.trace.push('the next release')
      }
      const release = released ? 'next ' : ''
      const today = await takeDay(released ? next : code, { connection: url, earlier, release })
      history.trace.push(`-- day ${day}`)
      const violation = compare(earlier, today, same)
      if (violation !== null) return { violation: `seed ${seed}, day ${day}: ${violation}`, trace: history.trace, same }
      earlier = today
    }
    return { violation: null, trace: history.trace, same }
  } finally {
    await history.end()
    for (const id of history.prepared) await history.run(`ROLLBACK PREPARED '${id}'`)
    await history.end()
  }
}

function compare(earlier: Day | undefined, today: Day, same: Map<string, number>): string | null {
  for (const [name, { answer, hash }] of today) {
    const before = earlier?.get(name)
    if (before === undefined) continue
    if (!answer.changed && before.hash !== hash) return `${name}: unchanged by ${answer.by}, but its rows differ`
    if (before.hash !== hash) continue
    const said = answer.changed ? answer.reason.id : `unchanged by ${answer.by}`
    same.set(said, (same.get(said) ?? 0) + 1)
  }
  return null
}
