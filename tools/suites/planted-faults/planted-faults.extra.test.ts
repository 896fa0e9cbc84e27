import { createHash } from 'node:crypto'
import { suiteCount, suiteReplay } from '@dwh/test-kit'
import { afterAll, expect, inject, test } from 'vitest'
import { FAULTS } from './list.ts'
import { plant } from './planted-fault.ts'
import { copySource } from './source-copy.ts'

/** Number of planted faults, and which: the same seed chooses the same ones. */
const count = suiteCount('planted-faults')
const seed = String(suiteReplay().seed ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''))

const place = (name: string) => createHash('sha256').update(`${seed} ${name}`).digest('hex')
const planted = [...FAULTS].sort((a, b) => (place(a.name) < place(b.name) ? -1 : 1)).slice(0, count)

/** More than the slowest test takes on a busy machine. */
const TIMEOUT_MS = 20 * 60_000

const copy = copySource()
afterAll(() => copy.remove())

test(
  `planted faults (--seed ${seed}): without any, the tests of all ${planted.length} pass`,
  async () => {
    const whole = planted.filter(({ only }) => only === undefined)
    const parts = planted.filter(({ only }) => only !== undefined)
    for (const [faults, only] of [
      [whole, undefined],
      [parts, parts.map((fault) => fault.only).join('|')],
    ] as const) {
      const files = [...new Set(faults.flatMap(({ tests }) => tests))]
      if (files.length === 0) continue
      const run = await copy.test(files, only, inject('sharedServices'))
      expect(run, run.output).toMatchObject({ failed: 0 })
      expect(run.passed).toBeGreaterThan(0)
    }
  },
  TIMEOUT_MS,
)

test.each(planted)(
  'planted fault: $file: $name: a test fails',
  async (fault) => {
    const source = copy.read(fault.file)
    copy.write(fault.file, plant(fault, source))
    try {
      const run = await copy.test(fault.tests, fault.only, inject('sharedServices'))
      expect(run.failed, `no test notices:\n${run.output}`).toBeGreaterThan(0)
    } finally {
      copy.write(fault.file, source)
    }
  },
  TIMEOUT_MS,
)
