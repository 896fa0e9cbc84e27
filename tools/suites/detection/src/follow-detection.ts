import type { Code } from './build-code.ts'
import type { Follower, TakenDay } from './simulate.ts'
import { type Day, takeDay } from './take-day.ts'

/** Asks the source alone: what it calls unchanged must have the rows of the day before. */
export function followDetection(code: Code, next: Code): Follower {
  let earlier: Day | undefined
  return {
    async takeDay(connection, isNext): Promise<TakenDay> {
      const today = await takeDay(isNext ? next : code, { connection, earlier, release: isNext ? 'next ' : '' })
      const wrong = [...today].find(([name, { answer, hash }]) => {
        const before = earlier?.get(name)
        return before !== undefined && !answer.changed && before.hash !== hash
      })
      earlier = today
      const tables = [...today].map(([name, { answer, hash }]) => {
        return [name, { said: answer.changed ? answer.reason.id : `unchanged by ${answer.by}`, hash }] as const
      })
      return { violation: wrong ? `${wrong[0]}: unchanged, but its rows differ` : null, tables: new Map(tables) }
    },
    async end() {},
  }
}
