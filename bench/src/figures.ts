import { NAMES } from './contenders.ts'
import { type DataSetResults, lookUp } from './results.ts'

/** A goal and its measured value. `met` is null if a part was not measured. */
export interface Figure {
  readonly figure: string
  readonly goal: string
  readonly measured: string
  readonly met: boolean | null
}

/**
 * Valid range of the naive pipeline's time on the narrow table, as a multiple of the floor's time. Normal is 8 to 12; a
 * lower value only makes our own ratios worse. Outside the range it is not the described program.
 */
export const NAIVE_TIMES_FLOOR = { least: 7, most: 12 } as const

const LONG = ['narrow-2m', 'narrow-10m'] as const
const ROWS = { 'narrow-2m': '2 M rows', 'narrow-10m': '10 M rows' } as const

/** Returns the figures to reach, from the medians of one run of the bench. */
export function figuresToReach(results: readonly DataSetResults[]): Figure[] {
  const wall = (set: string, name: string) => lookUp(results, set, name, 'wallSeconds')
  const memory = (set: string, name: string) => lookUp(results, set, name, 'peakMegabytes')
  const bytes = (set: string, name: string) => lookUp(results, set, name, 'bytes')
  const { floor, naive, tenLines } = NAMES
  const memoryOf = [NAMES.rowsCounts, NAMES.copyColumns, NAMES.nativeColumns]
  return [
    atMost(
      'native method, counts, to the ten lines, 2 M rows',
      1.15,
      times(wall, 'narrow-2m', NAMES.nativeCounts, tenLines),
    ),
    atMost(
      'native method, counts, to the ten lines, 10 M rows',
      1.05,
      times(wall, 'narrow-10m', NAMES.nativeCounts, tenLines),
    ),
    ...LONG.map((set) =>
      atMost(
        `native method, default proof, to the ten lines, ${ROWS[set]}`,
        1.4,
        times(wall, set, NAMES.nativeColumns, tenLines),
      ),
    ),
    ...LONG.map((set) =>
      atLeast(
        `copy method, counts, faster than the naive pipeline, ${ROWS[set]}`,
        6,
        times(wall, set, naive, NAMES.copyCounts),
      ),
    ),
    ...LONG.map((set) =>
      atMost(
        `copy method, counts, to the server's own COPY, ${ROWS[set]}`,
        1.7,
        times(wall, set, NAMES.copyCounts, floor),
      ),
    ),
    ...LONG.map((set) =>
      atLeast(
        `rows method, counts, faster than the naive pipeline, ${ROWS[set]}`,
        4,
        times(wall, set, naive, NAMES.rowsCounts),
      ),
    ),
    atMost(
      '50 small tables, as it comes, to the ten lines',
      2.5,
      times(wall, 'small-tables', NAMES.asItComes, tenLines),
    ),
    ...memoryOf.map((name) => megabytes(`peak memory, 10 M rows: ${name}`, 320, memory('narrow-10m', name))),
    ...memoryOf.map((name) => {
      const [short, long] = [memory('narrow-1m', name), memory('narrow-10m', name)]
      const growth = short && long ? Math.abs(long / short - 1) : null
      return percent(`peak memory, 10 M rows to 1 M: ${name}`, 10, growth)
    }),
    ...memoryOf.map((name) => megabytes(`peak memory, 1,000 columns: ${name}`, 700, memory('columns-1000', name))),
    ...memoryOf.map((name) => megabytes(`peak memory, 1 MB values: ${name}`, 700, memory('values-1mb', name))),
    ...results.map(({ name: set }) => {
      const ours = [NAMES.rowsCounts, NAMES.copyColumns, NAMES.nativeColumns].flatMap((name) => bytes(set, name) ?? [])
      const theirs = bytes(set, naive)
      const ratio = ours.length && theirs ? Math.max(...ours) / theirs : null
      return atMost(`Parquet of the largest method, to the naive pipeline's, ${set}`, 1, ratio, 3)
    }),
    ...LONG.map((set) => {
      const ratio = times(wall, set, NAMES.copyColumns, NAMES.copyCounts)
      return percent(`what the default proof adds to the copy method, ${ROWS[set]}`, 40, ratio && ratio - 1)
    }),
  ]
}

type Ask = (set: string, name: string) => number | null

function times(ask: Ask, set: string, name: string, other: string): number | null {
  const [ours, theirs] = [ask(set, name), ask(set, other)]
  return ours && theirs && ours / theirs
}

function atMost(figure: string, goal: number, ratio: number | null, digits = 2): Figure {
  return judge(
    figure,
    `at most ${goal.toFixed(digits)}x`,
    ratio,
    (x) => `${x.toFixed(digits)}x`,
    (x) => x <= goal,
  )
}

function atLeast(figure: string, goal: number, ratio: number | null): Figure {
  return judge(
    figure,
    `at least ${goal.toFixed(1)}x`,
    ratio,
    (x) => `${x.toFixed(1)}x`,
    (x) => x >= goal,
  )
}

function megabytes(figure: string, goal: number, measured: number | null): Figure {
  return judge(
    figure,
    `at most ${goal} MB`,
    measured,
    (x) => `${x.toFixed(0)} MB`,
    (x) => x <= goal,
  )
}

function percent(figure: string, goal: number, ratio: number | null): Figure {
  return judge(
    figure,
    `at most ${goal} %`,
    ratio,
    (x) => `${(x * 100).toFixed(1)} %`,
    (x) => x * 100 <= goal,
  )
}

function judge(
  figure: string,
  goal: string,
  value: number | null,
  format: (value: number) => string,
  isMet: (value: number) => boolean,
): Figure {
  if (value === null) return { figure, goal, measured: 'not measured', met: null }
  return { figure, goal, measured: format(value), met: isMet(value) }
}

/** Returns what makes the whole bench invalid: a failed contender, or a baseline that is not the described program. */
export function whatIsInvalid(results: readonly DataSetResults[], options: { readonly fullSize: boolean }): string[] {
  const failures = results.flatMap((set) =>
    set.contenders.flatMap(({ name, kind, failed }) =>
      failed && kind !== 'other' ? [`${set.name}: ${name} failed`] : [],
    ),
  )
  if (!options.fullSize) return failures
  const { least, most } = NAIVE_TIMES_FLOOR
  const baselines = LONG.flatMap((set) => {
    const ratio = times((...asked) => lookUp(results, ...asked, 'wallSeconds'), set, NAMES.naive, NAMES.floor)
    if (ratio === null || (ratio >= least && ratio <= most)) return []
    return [
      `${set}: the naive pipeline takes ${ratio.toFixed(1)} times the floor, which is not between ${least} and ${most}`,
    ]
  })
  return [...failures, ...baselines]
}
