import { NAMES } from './contenders.ts'
import type { Figure } from './figures.ts'
import { type ContenderResults, type DataSetResults, median } from './results.ts'

export interface ReportInput {
  /** The conditions of the measurement, one line each. */
  readonly conditions: readonly string[]
  readonly figures: readonly Figure[]
  readonly dataSets: readonly DataSetResults[]
  readonly invalid: readonly string[]
}

/** Formats the results as Markdown, for the terminal and for docs/performance.md. */
export function report({ conditions, figures, dataSets, invalid }: ReportInput): string {
  const absent = (dataSets[0]?.contenders ?? []).flatMap(({ name, unavailable }) =>
    unavailable ? [`${name}: ${unavailable}`] : [],
  )
  const parts = [
    conditions.map((line) => `- ${line}`).join('\n'),
    ...(absent.length ? [`Not measured:\n\n${absent.map((line) => `- ${line}`).join('\n')}`] : []),
    ...(invalid.length ? [`**Not valid:**\n\n${invalid.map((line) => `- ${line}`).join('\n')}`] : []),
    figureTable(figures),
    ...dataSets.map(dataSetTable),
  ]
  return `${parts.join('\n\n')}\n`
}

const MET = new Map([
  [true, 'met'],
  [false, '**not met**'],
  [null, ''],
])

function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ figure, goal, measured, met }) => [figure, goal, measured, MET.get(met) ?? ''])
  return table(['figure', 'goal', 'measured', ''], rows, 1)
}

function dataSetTable(set: DataSetResults): string {
  const wallOf = (name: string) =>
    median(
      set.contenders.find((contender) => contender.name === name),
      'wallSeconds',
    )
  const [floor, naive, tenLines] = [wallOf(NAMES.floor), wallOf(NAMES.naive), wallOf(NAMES.tenLines)]
  const row = (results: ContenderResults): string[] => {
    const wall = median(results, 'wallSeconds')
    const walls = results.runs.map((run) => run.wallSeconds)
    return [
      results.name,
      unit(wall, 2, 's'),
      wall === null ? '' : `${Math.min(...walls).toFixed(2)} to ${Math.max(...walls).toFixed(2)}`,
      unit(wall && floor && wall / floor, 2, 'x'),
      unit(wall && tenLines && wall / tenLines, 2, 'x'),
      unit(wall && naive && naive / wall, 1, 'x'),
      unit(median(results, 'cpuSeconds'), 2, 's'),
      unit(median(results, 'serverCpuSeconds'), 2, 's'),
      unit(median(results, 'peakMegabytes'), 0, 'MB'),
      wall === null ? '' : Math.round(set.rows / wall).toLocaleString('en-US'),
      unit(megabytes(median(results, 'bytes')), 2, 'MB'),
    ]
  }
  const tables = set.tables === 1 ? '' : ` in ${set.tables} tables`
  const measured = set.contenders.filter(({ runs }) => runs.length > 0)
  const failures = set.contenders.flatMap(({ name, failed }) =>
    failed ? [`- ${name} failed: ${lastWords(failed)}`] : [],
  )
  return [
    `### ${set.name}`,
    `${set.rows.toLocaleString('en-US')} rows${tables}: ${set.about}. Medians of ${Math.max(0, ...measured.map(({ runs }) => runs.length))}.`,
    table(HEADINGS, measured.map(row), 1),
    ...(failures.length ? [failures.join('\n')] : []),
  ].join('\n\n')
}

const HEADINGS = [
  '',
  'wall',
  'from, to',
  'to the floor',
  'to ten lines',
  'faster than naive',
  'CPU',
  "server's CPU",
  'peak memory',
  'rows/s',
  'Parquet',
]

const megabytes = (bytes: number | null) => bytes && bytes / 1e6

function unit(value: number | null, digits: number, name: string): string {
  if (value === null) return ''
  return `${value.toFixed(digits)}${name === 'x' ? '' : ' '}${name}`
}

/** Returns the end of a failed program's output, which has the reason. */
function lastWords(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(-300)
}

/** Formats a Markdown table with aligned columns; from the column `numbersFrom` on they are numbers. */
function table(headings: readonly string[], rows: readonly (readonly string[])[], numbersFrom: number): string {
  const widths = headings.map((heading, i) => Math.max(3, heading.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i < numbersFrom ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, i) => (i < numbersFrom ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(headings), line(rule), ...rows.map(line)].join('\n')
}
