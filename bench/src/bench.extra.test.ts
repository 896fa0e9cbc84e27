import { rm } from 'node:fs/promises'
import { suiteCount } from '@dwh/test-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NAMES } from './contenders.ts'
import { dataSets } from './data-sets.ts'
import { lookUp, median } from './results.ts'
import { buildBench, runBench } from './test-support.ts'

// without python3 there is no registry: the ten lines run only if their extension is installed already
const NO_PYTHON = { ...process.env, PATH: '' }

let folder: string
beforeAll(async () => {
  folder = await buildBench()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const wanted = dataSets(5000).slice(0, suiteCount('bench'))

test('all data sets, small: every contender runs, and none fails', async () => {
  const { results } = await runBench(folder, [
    '--shrink',
    '5000',
    '--rounds',
    '1',
    ...wanted.flatMap(({ name }) => ['--only', name]),
  ])
  expect(results).toHaveLength(wanted.length)
  for (const set of results) {
    const failed = set.contenders.filter((contender) => contender.failed !== undefined)
    expect(failed, set.name).toEqual([])
    const ran = set.contenders.filter(({ runs }) => runs.length === 1).map(({ name }) => name)
    const left = set.name === 'values-1mb' ? [NAMES.nativeCounts, NAMES.nativeColumns] : []
    const expected = Object.values(NAMES).filter((name) => !left.some((other) => other === name))
    expect(ran, set.name).toEqual(expect.arrayContaining(expected))
    expect(ran.filter((name) => left.some((other) => other === name))).toEqual([])
  }
}, 300_000)

// the smoke runs the first of these, with a registry
test.each(wanted.length > 1 ? [['narrow-2m', 'small-tables']] : [])(
  'a few hundred rows of %s and %s: contenders without a registry run, and every row arrives',
  async (...sets) => {
    const only = sets.flatMap((set) => ['--only', set])
    const { stdout, results } = await runBench(folder, ['--shrink', '5000', '--rounds', '1', ...only], NO_PYTHON)
    expect(results.map(({ name, rows }) => [name, rows])).toEqual([
      ['narrow-2m', 400],
      ['small-tables', 50],
    ])
    for (const set of results) {
      for (const { name, kind, runs, failed, unavailable } of set.contenders) {
        expect(failed, name).toBeUndefined()
        if (kind !== 'other' && unavailable === undefined) expect(runs, name).toHaveLength(1)
      }
      for (const name of [NAMES.naive, NAMES.copyColumns]) {
        const results = set.contenders.find((contender) => contender.name === name)
        expect(median(results, 'cpuSeconds')).toBeGreaterThan(0.05)
        expect(median(results, 'peakMegabytes')).toBeGreaterThan(50)
        expect(median(results, 'bytes')).toBeGreaterThan(1000)
      }
    }
    expect(lookUp(results, 'narrow-2m', NAMES.floor, 'wallSeconds')).toBeGreaterThan(0)
    expect(stdout).toContain('1/5000 of the rows')
    expect(stdout).toMatch(
      /^\| copy method, counts, faster than the naive pipeline, 2 M rows +\| +at least 6.0x \| +\d/m,
    )
    expect(stdout).toMatch(/^\| copy method, counts, faster than the naive pipeline, 10 M rows +\| .* not measured /m)
  },
  300_000,
)

test.each([
  [['--only', 'nothing'], 'there is no data set nothing'],
  [['--rounds', 'none'], 'expected a number of at least 1'],
  [['--quick', '--write'], '--write is for the whole bench'],
])('%j: exit code 2 before anything starts', async (args, message) => {
  await expect(runBench(folder, args, NO_PYTHON)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining(message),
  })
})
