import { isDwhError } from '@dwh/core'
import { cleanPlace } from './clean-place.ts'
import { manyRuns } from './many-runs.ts'
import { readers } from './readers.ts'
import { runOnce } from './run-once.ts'
import type { Spec } from './spec.ts'
import { stockReaders } from './stock-readers.ts'
import { publishOnce, twoWriters } from './two-writers.ts'

/** The exit code of `dwh` for a conflict. */
const EXIT_CONFLICT = 4

const spec: Spec = JSON.parse(process.argv[2] ?? '')
try {
  process.stdout.write(`${JSON.stringify(await answer(spec))}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exitCode = isDwhError(error, 'CONFLICT') ? EXIT_CONFLICT : 1
}

function answer(asked: Spec): Promise<unknown> {
  switch (asked.do) {
    case 'run':
      return runOnce(asked)
    case 'clean':
      return cleanPlace(asked.place, asked.laterMs)
    case 'many-runs':
      return manyRuns(asked)
    case 'readers':
      return readers(asked)
    case 'stock-readers':
      return stockReaders(asked)
    case 'two-writers':
      return twoWriters(asked)
    case 'publish':
      return publishOnce(asked)
  }
}
