import { isDwhError } from '@dwh/core'
import { serverUrl } from '@dwh/test-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUCKET_SCENARIOS, POSTGRES_SCENARIOS, type Scenario } from './network-scenarios.ts'
import { SERVER_SCENARIOS } from './server-scenarios.ts'
import {
  checkFinalFiles,
  left,
  leftovers,
  openRudeWorld,
  published,
  type RudeWorld,
  readable,
  run,
} from './whole-run.ts'

const DATE = '2026-02-18'
const LEASE_MS = 121_000
/** What a run and its test take by themselves on a busy machine. */
const WORK_MS = 12_000

let world: RudeWorld
const told: string[] = []

beforeAll(async () => {
  world = await openRudeWorld(await serverUrl())
})

afterAll(async () => {
  await world.close()
  console.log(`\n${told.join('\n')}\n`)
})

async function inSource(include: readonly string[]): Promise<Record<string, string>> {
  const names = ['events', 'orders', ...include.filter((name) => name === 'slow').map(() => 'orders AS slow')]
  const found: Record<string, string> = {}
  for (const name of names) {
    const { rows } = await world.database.query(`SELECT count(*)::int AS n, sum(id)::text AS s FROM ${name}`)
    found[name.split(' ').at(-1) as string] = `${rows[0].n}, ${rows[0].s}`
  }
  return found
}

interface Ended {
  readonly error: unknown
  readonly ms: number
}

async function timed(work: () => Promise<void>): Promise<Ended> {
  const start = performance.now()
  const error = await work().then(
    () => null,
    (thrown: unknown) => thrown,
  )
  return { error, ms: Math.round(performance.now() - start) }
}

/** Where tables failed, why the first one did. */
function codeOf(error: unknown): string {
  if (isDwhError(error, 'RUN_FAILED') && isDwhError(error.cause)) return error.cause.code
  return isDwhError(error) ? error.code : String(error)
}

let next = 0

async function play(where: string, scenario: Scenario): Promise<void> {
  const { ends, deadlineMs, include = ['*'] } = scenario
  next += 1
  const prefix = `w${next}`
  await run(world, { prefix, date: DATE })
  const before = await inSource([])
  expect(await published(world, prefix)).toEqual(before)
  await world.database.query(
    `INSERT INTO orders SELECT max(id) + 1, 7 FROM orders; INSERT INTO events SELECT max(id) + 1, 'more' FROM events`,
  )
  scenario.breaks(world, prefix)
  const { error, ms } = await timed(() => run(world, { prefix, date: DATE, include }))
  world.heal()
  const after = await inSource(include)
  const outcome = error === null ? 'published' : codeOf(error)
  told.push(`| ${where} | ${scenario.name} | ${outcome} | ${(ms / 1000).toFixed(1)} s | ${deadlineMs / 1000} s |`)
  if (ends === 'published') expect(error).toBeNull()
  else {
    expect(ends, String(error)).toContain(outcome)
    expect(isDwhError(error) && error.hint, String(error)).toBeTruthy()
  }
  expect(ms).toBeLessThan(2 * deadlineMs + WORK_MS)
  // all the new or all the old, and no file that is short
  if (error === null) expect(await readable(world, prefix)).toEqual(after)
  else expect([before, after]).toContainEqual(await readable(world, prefix))
  await checkFinalFiles(world, prefix)
  expect(left).toEqual([])
  // a lease that could not be given back has run out; another process on this machine would not have to wait
  await run(world, { prefix, date: DATE, include, laterMs: LEASE_MS })
  expect(await published(world, prefix)).toEqual(after)
  expect(leftovers(world, prefix)).toEqual([])
}

describe.each([
  ['Postgres', POSTGRES_SCENARIOS],
  ['network to the bucket', BUCKET_SCENARIOS],
  ['the store itself', SERVER_SCENARIOS],
] as const)('%s', (where, scenarios) => {
  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s',
    (_, scenario) => play(where, scenario),
    60_000,
  )
})
