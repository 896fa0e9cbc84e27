import { readFileSync } from 'node:fs'

interface Suite {
  readonly name: string
  readonly counts: Readonly<Record<string, unknown>>
}

const LIST = new URL('../../../suites/runner/suites.json', import.meta.url)

/** How often a suite does what it does: what `pnpm suite NAME --count` or the size of a check asks for; by hand, as often as `check:all`. */
export function suiteCount(name: string): number {
  const { suites } = JSON.parse(readFileSync(LIST, 'utf8')) as { suites: Suite[] }
  const suite = suites.find((each) => each.name === name)
  const { counts = [] } = JSON.parse(process.env.DWH_SUITES ?? '{}') as { counts?: { suite: string; count: unknown }[] }
  const count = counts.find((each) => each.suite === name)?.count ?? suite?.counts.normal
  if (typeof count !== 'number') throw new Error(`suite ${name}: tools/suites/runner/suites.json has no number for it`)
  return count
}

/** `count` of the cases, evenly spread over all of them; every one when there are no more. */
export function spread<T>(cases: readonly T[], count: number): readonly T[] {
  if (count >= cases.length) return cases
  return Array.from({ length: count }, (_, index) => cases[Math.floor((index * cases.length) / count)] as T)
}

/** `--seed` and `--from`, by which a case is played again. */
export function suiteReplay(): { readonly seed: number | undefined; readonly from: number | undefined } {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  return { seed: number(process.env.DWH_SUITE_SEED), from: number(process.env.DWH_SUITE_FROM) }
}
