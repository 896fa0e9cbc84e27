import { readdir } from 'node:fs/promises'
import { isDwhError } from '@dwh/core'
import { problemsAfter, readEtlText } from '@dwh/harness'
import { serverUrl } from '@dwh/test-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cleanLater } from './clean-later.ts'
import { type NetworkLab, openNetworkLab, proxiedStore, readable, run } from './network-lab.ts'
import { BUCKET_SCENARIOS, POSTGRES_SCENARIOS, type Scenario } from './network-scenarios.ts'
import { SERVER_SCENARIOS } from './server-scenarios.ts'

const DATE = '2026-02-18'
const LEASE_MS = 121_000
/** Allowed duration of a run apart from the deadline, as a multiple of the same run without a fault. */
const SLOWER = 10
const LEAST_WORK_MS = 12_000

let lab: NetworkLab
const told: string[] = []

beforeAll(async () => {
  lab = await openNetworkLab(await serverUrl())
})

afterAll(async () => {
  await lab.close()
  console.log(`\n${told.join('\n')}\n`)
})

async function inSource(include: readonly string[]): Promise<Record<string, string>> {
  const names = ['events', 'orders', ...include.filter((name) => name === 'slow').map(() => 'orders AS slow')]
  const found: Record<string, string> = {}
  for (const name of names) {
    const { rows } = await lab.database.query(`SELECT count(*)::int AS n, sum(id)::text AS s FROM ${name}`)
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

/** Returns the error code; if tables failed, that of the first one. */
function codeOf(error: unknown): string {
  if (isDwhError(error, 'RUN_FAILED') && isDwhError(error.cause)) return error.cause.code
  return isDwhError(error) ? error.code : String(error)
}

let next = 0

async function play(where: string, scenario: Scenario): Promise<void> {
  const { ends, deadlineMs, include = ['*'] } = scenario
  next += 1
  const prefix = `w${next}`
  const usual = await timed(() => run(lab, { prefix, date: DATE }))
  expect(usual.error).toBeNull()
  const before = await inSource([])
  expect(await readable(lab, prefix)).toEqual(before)
  const earlier = await readEtlText(lab.objects(prefix))
  await lab.database.query(
    `INSERT INTO orders SELECT max(id) + 1, 7 FROM orders; INSERT INTO events SELECT max(id) + 1, 'more' FROM events`,
  )
  scenario.breaks(lab, prefix)
  const { error, ms } = await timed(() => run(lab, { prefix, date: DATE, include }))
  lab.heal()
  const after = await inSource(include)
  const outcome = error === null ? 'published' : codeOf(error)
  told.push(`| ${where} | ${scenario.name} | ${outcome} | ${(ms / 1000).toFixed(1)} s | ${deadlineMs / 1000} s |`)
  if (ends === 'published') expect(error).toBeNull()
  else {
    expect(ends, String(error)).toContain(outcome)
    expect(isDwhError(error) && error.hint, String(error)).toBeTruthy()
  }
  expect(ms).toBeLessThan(2 * deadlineMs + Math.max(SLOWER * usual.ms, LEAST_WORK_MS))
  expect(await readdir(lab.temp)).toEqual([])
  const problems = await problemsAfter({
    objects: lab.objects(prefix),
    temp: lab.temp,
    earlier,
    expected: error === null ? [after] : [before, after],
    see: () => readable(lab, prefix),
    clean: (laterMs) => cleanLater(proxiedStore(lab, prefix), laterMs),
    async runAgain() {
      // the lease that could not be released has expired by then
      await run(lab, { prefix, date: DATE, include, laterMs: LEASE_MS })
      return after
    },
  })
  expect(problems).toEqual([])
  expect(await readdir(lab.temp)).toEqual([])
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
