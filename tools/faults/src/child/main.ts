import { isDwhError } from '@dwh/core'
import { manyRuns } from './many-runs.ts'
import { readers } from './readers.ts'
import { runOnce } from './run-once.ts'
import type { Spec } from './spec.ts'

/** As the command line has it. */
const EXIT_CONFLICT = 4

const spec: Spec = JSON.parse(process.argv[2] ?? '')
try {
  const answer = spec.do === 'run' ? runOnce(spec) : spec.do === 'many-runs' ? manyRuns(spec) : readers(spec)
  process.stdout.write(`${JSON.stringify(await answer)}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exitCode = isDwhError(error, 'CONFLICT') ? EXIT_CONFLICT : 1
}
