import { describe, expect, test } from 'vitest'
import { NAMES } from './contenders.ts'
import { figuresToReach, whatIsInvalid } from './figures.ts'
import type { ContenderResults, DataSetResults, Run } from './results.ts'

function contender(name: string, walls: readonly number[], more: Partial<Run> = {}): ContenderResults {
  const nothing = { cpuSeconds: null, peakMegabytes: null, serverCpuSeconds: 0, bytes: null }
  return { name, kind: 'baseline', runs: walls.map((wallSeconds) => ({ ...nothing, wallSeconds, ...more })) }
}

function dataSet(name: string, ...contenders: ContenderResults[]): DataSetResults {
  return { name, about: '', rows: 1, tables: 1, contenders }
}

const figure = (results: readonly DataSetResults[], name: string) =>
  figuresToReach(results).find((each) => each.figure === name)

describe('figures', () => {
  const naive = contender(NAMES.naive, [12, 13, 40])

  test('a ratio of medians equal to the goal: met', () => {
    const results = [dataSet('narrow-2m', naive, contender(NAMES.copyCounts, [2, 13 / 6, 9]))]
    const name = 'copy method, counts, faster than the naive pipeline, 2 M rows'
    expect(figure(results, name)).toEqual({ figure: name, goal: 'at least 6.0x', measured: '6.0x', met: true })
  })

  test('a ratio just above the goal: not met', () => {
    const results = [dataSet('narrow-2m', naive, contender(NAMES.copyCounts, [2.2]))]
    expect(figure(results, 'copy method, counts, faster than the naive pipeline, 2 M rows')).toMatchObject({
      met: false,
    })
  })

  test('a contender that did not run: neither met nor missed', () => {
    const results = [dataSet('narrow-2m', naive, contender(NAMES.nativeCounts, []))]
    const name = 'native method, counts, to the ten lines, 2 M rows'
    expect(figure(results, name)).toMatchObject({ measured: 'not measured', met: null })
  })

  test('memory that shrinks with the table: as far from constant as memory that grows', () => {
    const name = `peak memory, 10 M rows to 1 M: ${NAMES.copyColumns}`
    const between = (short: number, long: number) => [
      dataSet('narrow-1m', contender(NAMES.copyColumns, [1], { peakMegabytes: short })),
      dataSet('narrow-10m', contender(NAMES.copyColumns, [1], { peakMegabytes: long })),
    ]
    expect(figure(between(300, 329), name)).toMatchObject({ measured: '9.7 %', met: true })
    expect(figure(between(300, 331), name)).toMatchObject({ met: false })
    expect(figure(between(300, 250), name)).toMatchObject({ measured: '16.7 %', met: false })
  })

  test('size: that of the method with the largest files', () => {
    const [a, b] = [contender(NAMES.rowsCounts, [1], { bytes: 90 }), contender(NAMES.copyColumns, [1], { bytes: 101 })]
    const results = [dataSet('wide', a, b, contender(NAMES.naive, [1], { bytes: 100 }))]
    const name = "Parquet of the largest method, to the naive pipeline's, wide"
    expect(figure(results, name)).toMatchObject({ measured: '1.010x', met: false })
  })
})

describe('validity', () => {
  const against = (naiveSeconds: number) => [
    dataSet('narrow-2m', contender(NAMES.floor, [1]), contender(NAMES.naive, [naiveSeconds])),
  ]

  test.each([7, 10, 12])('a naive pipeline with %i times the time of the floor: valid', (seconds) => {
    expect(whatIsInvalid(against(seconds), { fullSize: true })).toEqual([])
  })

  test.each([6.9, 12.1])(
    'a naive pipeline with %f times the time of the floor: invalid, another program',
    (seconds) => {
      expect(whatIsInvalid(against(seconds), { fullSize: true })).toEqual([expect.stringContaining('naive pipeline')])
      expect(whatIsInvalid(against(seconds), { fullSize: false })).toEqual([])
    },
  )

  test('a failure of another tool: valid; of a baseline: invalid', () => {
    const failed = { ...contender('x', []), failed: 'ended with 1' }
    expect(whatIsInvalid([dataSet('wide', { ...failed, kind: 'other' })], { fullSize: false })).toEqual([])
    expect(whatIsInvalid([dataSet('wide', failed)], { fullSize: false })).toEqual(['wide: x failed'])
  })
})
