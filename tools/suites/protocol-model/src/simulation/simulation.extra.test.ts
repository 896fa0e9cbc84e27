import { setImmediate as othersToo } from 'node:timers/promises'
import { applyChanges, suiteCount, suiteReplay } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import * as code from './code.ts'
import { FLAWS, flawedCode, sourceOf } from './flawed-code.ts'
import { type Ended, simulate } from './simulate.ts'
import { prepare, type Stage } from './situations.ts'

const SCHEDULES = suiteCount('protocol-schedules')
const FIRST_SEED = suiteReplay().seed ?? 1
/** A flaw is found in the first of these, so a higher number takes no longer. */
const SCHEDULES_OF_A_FLAW = Math.max(SCHEDULES, 10_000)
/** Flaws that take longer than a second to find. A smoke skips them. */
const FOUND_LATE = ['clear-blind', 'no-second-look', 'first-run-stale', 'names-again-of-older']
const SOUGHT = Object.entries(FLAWS).filter(([name]) => SCHEDULES >= 10_000 || !FOUND_LATE.includes(name))

const TIMEOUT_MS = 4 * 60 * 60 * 1000

/** Returns the first schedule with a violation, and the outcomes of all schedules before it. */
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

test(`the code under test: no violation in ${SCHEDULES} schedules`, { timeout: TIMEOUT_MS }, async () => {
  const { broken, outcomes } = await search(await prepare(code), SCHEDULES)
  if (broken)
    throw new Error(
      `${broken.violation} (again: pnpm suite protocol-schedules --seed ${broken.seed} --count 1)\n  ${broken.trace.join('\n  ')}`,
    )
  // the schedules cover all outcomes: runs win, lose, fail and cannot know
  if (SCHEDULES >= 10_000)
    for (const outcome of ['published', 'conflict', 'nothing', 'uncertain'])
      expect([outcome, (outcomes.get(outcome) ?? 0) > 20]).toEqual([outcome, true])
})

test.each(SOUGHT)('the code with the flaw %s: violation found', { timeout: 300_000 }, async (_, changes) => {
  const { broken } = await search(await prepare(await flawedCode(changes)), SCHEDULES_OF_A_FLAW)
  expect(broken?.violation).toMatch(
    /^(etl\.json|DwhError: etl\.json|a reader|the lists say|the current|\S+ loses to nobody|all is quiet|\w+ is in an endless)/,
  )
})

test('same seed: same schedule', async () => {
  const stage = await prepare(code)
  for (const seed of [1, 2, 3]) expect(await simulate(stage, seed)).toEqual(await simulate(stage, seed))
})

test('a flaw whose text is not in the code: error', async () => {
  const text = await sourceOf('clean.ts')
  const edit = { file: 'clean.ts', find: 'no such line', replace: '' }
  expect(() => applyChanges('clean.ts', text, [edit])).toThrow(
    'clean.ts contains this text 0 times, not once: no such line',
  )
})
