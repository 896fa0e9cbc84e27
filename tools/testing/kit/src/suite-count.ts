import { readFileSync } from 'node:fs'

interface Suite {
  readonly name: string
  readonly counts: Readonly<Record<string, unknown>>
}

const LIST = new URL('../../../suites/runner/suites.json', import.meta.url)

/**
 * Returns the count of a suite: that of `pnpm suite NAME --count` or of the check's size; else the one of `check:all`.
 */
export function suiteCount(name: string): number {
  const { suites } = JSON.parse(readFileSync(LIST, 'utf8')) as { suites: Suite[] }
  const suite = suites.find((each) => each.name === name)
  const { counts = [] } = JSON.parse(process.env.DWH_SUITES ?? '{}') as { counts?: { suite: string; count: unknown }[] }
  const count = counts.find((each) => each.suite === name)?.count ?? suite?.counts.normal
  if (typeof count !== 'number')
    throw new Error(`suite ${name}: tools/suites/runner/suites.json must have a number as its count`)
  return count
}

/** Returns `count` of the cases, evenly spread, or all if there are fewer. */
export function spread<T>(cases: readonly T[], count: number): readonly T[] {
  if (count >= cases.length) return cases
  return Array.from({ length: count }, (_, index) => cases[Math.floor((index * cases.length) / count)] as T)
}

/** Returns `--seed` and `--from`, which replay a case. */
export function suiteReplay(): { readonly seed: number | undefined; readonly from: number | undefined } {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  return { seed: number(process.env.DWH_SUITE_SEED), from: number(process.env.DWH_SUITE_FROM) }
}
