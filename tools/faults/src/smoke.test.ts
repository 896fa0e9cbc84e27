import { expect, inject, onTestFinished, test } from 'vitest'
import { buildChild } from './build-child.ts'
import { killMatrix } from './kill-matrix.ts'
import { pointNamed } from './points.ts'

const POINTS = [
  'after staging the first file',
  'after keeping the first replaced file',
  'before the commit',
  'after the commit',
  'after promoting the second file',
  'before clearing the publication',
]

test('a run that is killed at six points of a folder leaves all of the old run or all of the new one, and the next run the rest', async () => {
  const program = await buildChild()
  onTestFinished(() => program.remove())
  const results = await killMatrix({
    postgresUrl: inject('postgresUrl'),
    program: program.path,
    points: POINTS.map(pointNamed),
    stores: ['local'],
    kinds: ['re-run'],
  })
  expect(results).toHaveLength(POINTS.length)
  expect(results.filter(({ problems }) => problems.length > 0)).toEqual([])
})
