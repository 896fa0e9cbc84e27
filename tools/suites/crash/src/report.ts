import type { CellResult } from './kill-matrix.ts'
import { KINDS, STORES } from './kill-matrix.ts'
import type { Trial } from './random-kills.ts'

/**
 * Formats the kill matrix, one line for each point: `old` or `new` is the state that readers saw before the next run.
 */
export function matrixTable(results: readonly CellResult[]): string {
  const columns = STORES.flatMap((store) => KINDS.map((kind) => ({ store, kind }))).filter(({ store, kind }) =>
    results.some((result) => result.store === store && result.kind === kind),
  )
  const points = [...new Set(results.map(({ point }) => point))]
  const rows = points.map((point) => [
    point.name,
    ...columns.map(({ store, kind }) => {
      const cell = results.find((r) => r.point.name === point.name && r.store === store && r.kind === kind)
      if (!cell) return '-'
      return cell.problems.length === 0 ? point.sees : 'BROKEN'
    }),
  ])
  return table([['killed', ...columns.map(({ store, kind }) => `${store} ${kind}`)], ...rows])
}

const MOST_LINES = 30
const MOST_CHARACTERS = 400

export function problemLines(
  results: readonly { readonly problems: readonly string[] }[],
  nameOf: (index: number) => string,
): string {
  const lines = results.flatMap(({ problems }, index) =>
    problems.map((problem) => `! ${nameOf(index)}: ${problem.slice(0, MOST_CHARACTERS)}\n`),
  )
  const more = lines.length - MOST_LINES
  return `${lines.slice(0, MOST_LINES).join('')}${more > 0 ? `! and ${more} more\n` : ''}`
}

/** Formats random kills by store and kind: the number of trials, and what readers saw. */
export function trialsTable(trials: readonly Trial[]): string {
  const groups = [...new Set(trials.map(({ store, kind }) => `${store} ${kind}`))].sort()
  const rows = groups.map((name) => {
    const own = trials.filter(({ store, kind }) => `${store} ${kind}` === name)
    const count = (of: (trial: Trial) => boolean) => String(own.filter(of).length)
    return [
      name,
      count(() => true),
      count(({ killed, saw }) => killed && saw === 'old'),
      count(({ killed, saw }) => killed && saw === 'new'),
      count(({ killed }) => !killed),
      count(({ problems }) => problems.length > 0),
    ]
  })
  return table([['dwh run', 'trials', 'killed, old', 'killed, new', 'had ended', 'broken'], ...rows])
}

/** Formats the number of results of each kind, and how many of them have problems. */
export function tally<T extends { readonly problems: readonly string[] }>(
  title: string,
  results: readonly T[],
  kindOf: (result: T) => string,
): string {
  const kinds = [...new Set(results.map(kindOf))].sort()
  const rows = kinds.map((kind) => {
    const own = results.filter((result) => kindOf(result) === kind)
    return [kind, String(own.length), String(own.filter(({ problems }) => problems.length > 0).length)]
  })
  return table([[title, 'trials', 'broken'], ...rows])
}

export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
