import { setImmediate as othersToo } from 'node:timers/promises'
import { suiteCount, suiteReplay } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import * as code from './code.ts'
import { change, FLAWS, flawedCode, sourceOf } from './flawed-code.ts'
import { type Ended, prepare, type Stage, simulate } from './simulate.ts'

const SCHEDULES = suiteCount('protocol-schedules')
const FIRST_SEED = suiteReplay().seed ?? 1
/** A flaw is found in the first of these: it takes no longer to look in more of them. */
const SCHEDULES_OF_A_FLAW = Math.max(SCHEDULES, 10_000)
/** The others are found within a second: a smoke looks for these alone. */
const FOUND_LATE = ['clear-first']
const SOUGHT = Object.entries(FLAWS).filter(([name]) => SCHEDULES >= 10_000 || !FOUND_LATE.includes(name))

const TIMEOUT_MS = 4 * 60 * 60 * 1000

/** The first schedule that breaks a promise, and how all before it ended. */
async function search(
  stage: Stage,
  schedules: number,
): Promise<{ broken: Ended | null; outcomes: Map<string, number> }> {
  const outcomes = new Map<string, number>()
  for (let seed = FIRST_SEED; seed < FIRST_SEED + schedules; seed += 1) {
    const ended = await simulate(stage, seed)
    if (ended.violation !== null) return { broken: ended, outcomes }
    for (const outcome of ended.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    await othersToo()
  }
  return { broken: null, outcomes }
}

test(`the code keeps its promises in ${SCHEDULES} schedules`, { timeout: TIMEOUT_MS }, async () => {
  const { broken, outcomes } = await search(await prepare(code), SCHEDULES)
  if (broken)
    throw new Error(
      `${broken.violation} (again: pnpm suite protocol-schedules --seed ${broken.seed} --count 1)\n  ${broken.trace.join('\n  ')}`,
    )
  // they are about something: runs win, lose, fail and cannot know
  if (SCHEDULES >= 10_000)
    for (const outcome of ['published', 'conflict', 'nothing', 'uncertain'])
      expect([outcome, (outcomes.get(outcome) ?? 0) > 20]).toEqual([outcome, true])
})

test.each(SOUGHT)('with a flaw in it that is found: %s', { timeout: 300_000 }, async (_, changes) => {
  const { broken } = await search(await prepare(await flawedCode(changes)), SCHEDULES_OF_A_FLAW)
  expect(broken?.violation).toMatch(
    /^(the manifest of|nobody has|nothing is being|etl.json|a reader|\S+\.parquet|\w+ goes round)/,
  )
})

test('the same seed is the same schedule', async () => {
  const stage = await prepare(code)
  for (const seed of [1, 2, 3]) expect(await simulate(stage, seed)).toEqual(await simulate(stage, seed))
})

test('a flaw whose place is not in the code is said', async () => {
  const text = await sourceOf('clean.ts')
  const edit = { file: 'clean.ts', find: 'no such line', replace: '' }
  expect(() => change('clean.ts', text, [edit])).toThrow('clean.ts has 0 times, not once: no such line')
})
