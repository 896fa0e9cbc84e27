import { rm } from 'node:fs/promises'
import { suiteCount } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { NAMES } from './contenders.ts'
import { dataSets } from './data-sets.ts'
import { buildBench, runBench } from './test-support.ts'

const wanted = dataSets(5000).slice(0, suiteCount('bench'))

test('every data set, small: the ten lines and the native door run, too, and nothing fails', async () => {
  const folder = await buildBench()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
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
