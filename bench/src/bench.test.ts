import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NAMES } from './contenders.ts'
import { lookUp, median } from './results.ts'
import { buildBench, runBench } from './test-support.ts'

const TIMEOUT_MS = 180_000
// no python3, and so no registry: the ten lines take part if their extension is there already
const env = { ...process.env, PATH: '' }

let folder: string
beforeAll(async () => {
  folder = await buildBench()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test(
  'a few hundred rows: what needs no registry runs, and every row arrives',
  async () => {
    const sets = ['narrow-2m', 'small-tables']
    const only = sets.flatMap((set) => ['--only', set])
    const { stdout, results } = await runBench(folder, ['--shrink', '5000', '--rounds', '1', ...only], env)
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
    expect(stdout).toMatch(/^\| copy door, counts, faster than the naive pipeline, 2 M rows +\| +at least 6.0x \| +\d/m)
    expect(stdout).toMatch(/^\| copy door, counts, faster than the naive pipeline, 10 M rows +\| .* not measured /m)
  },
  TIMEOUT_MS,
)

test.each([
  [['--only', 'nothing'], 'there is no data set nothing'],
  [['--rounds', 'none'], 'expected a number of at least 1'],
  [['--quick', '--write'], '--write is for the whole bench'],
])('%j: refused before anything starts', async (args, message) => {
  await expect(runBench(folder, args, env)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
})
