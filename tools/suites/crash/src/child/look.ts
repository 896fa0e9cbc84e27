import { setTimeout as pause } from 'node:timers/promises'

export const SUM =
  'SELECT (SELECT sum(n) FROM left_pocket)::INTEGER AS l, (SELECT sum(n) FROM right_pocket)::INTEGER AS r'

export interface ReadersAnswer {
  readonly answers: number
  readonly mixed: readonly string[]
  readonly errors: readonly string[]
  /** Number of different states seen. */
  readonly states: number
}

export interface Looking {
  isOver(): boolean
  /** Asks for two numbers, which must add up to the sum. */
  look(who: string, ask: () => Promise<readonly unknown[]>): Promise<void>
  rest(): Promise<void>
}

/** Lets readers look until stdin ends. Money only moves, so the sum differs if two tables are of different moments. */
export async function lookUntilEnd(
  sum: number,
  start: (looking: Looking) => readonly Promise<void>[],
): Promise<ReadersAnswer> {
  const found = { answers: 0, mixed: [] as string[], errors: [] as string[], states: new Set<string>() }
  let over = false
  process.stdin.resume().once('end', () => {
    over = true
  })
  const all = start({
    isOver: () => over,
    rest: () => pause(50),
    async look(who, ask) {
      try {
        const [left, right] = (await ask()).map(Number)
        found.answers += 1
        found.states.add(String(left))
        if ((left ?? 0) + (right ?? 0) !== sum) found.mixed.push(`${who}: ${left} and ${right}`)
      } catch (error) {
        found.errors.push(`${who}: ${error}`)
      }
    },
  })
  process.stdout.write('ready\n')
  await Promise.all(all)
  return { ...found, states: found.states.size }
}
