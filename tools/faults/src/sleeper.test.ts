import { expect, inject, onTestFinished, test } from 'vitest'
import { buildChild } from './build-child.ts'
import { pausedHolders } from './paused-holder.ts'
import { pointNamed } from './points.ts'

const POINTS = [
  'before the commit',
  'after the commit',
  'before clearing the publication',
  'before the fence against sleepers',
]

test('a run that wakes up after its lease has run out ends, whether another came by or nobody did', async () => {
  const program = await buildChild()
  onTestFinished(() => program.remove())
  const trials = await pausedHolders({
    postgresUrl: inject('postgresUrl'),
    program: program.path,
    points: POINTS.map(pointNamed),
    count: 2 * POINTS.length,
    takenOver: (trial) => trial < POINTS.length,
  })
  expect(trials).toHaveLength(2 * POINTS.length)
  expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([])
}, 180_000)
