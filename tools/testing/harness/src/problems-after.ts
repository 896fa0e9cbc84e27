import { isDeepStrictEqual } from 'node:util'
import { checkInvariants } from './check-invariants.ts'
import type { WarehouseObjects } from './warehouse-objects.ts'

/** A failed run, and how to continue after it. */
export interface Mishap<Seen> {
  readonly objects: WarehouseObjects
  /** The temporary folder of the runs. */
  readonly temp: string
  /** `etl.json` before the run. */
  readonly earlier: string | null
  /** The states that a reader may see now. */
  readonly expected: readonly Seen[]
  /** Returns what a reader sees. Throws if the reader fails or sees a mixed state. */
  see(): Promise<Seen>
  /** Runs once more and returns what a reader must see from then on. Throws if the run fails. */
  runAgain(): Promise<Seen>
  /** Removes what no list names, as a run at this moment, or so much later, would. */
  clean(laterMs: number): Promise<unknown>
  /** Returns other problems after that run. */
  also?(): Promise<readonly string[]>
}

/** More than replaced objects are retained. */
const LATER_MS = 2 * 24 * 60 * 60 * 1000

/**
 * Returns the problems after a failed run: of files and readers first, then of everything after one ordinary run, after
 * looking for objects that no list names, and after the same when all that was replaced has expired.
 */
export async function problemsAfter<Seen>(mishap: Mishap<Seen>): Promise<string[]> {
  const { objects, temp, earlier } = mishap
  const told = (when: string, problems: readonly string[]) => problems.map((problem) => `${when}: ${problem}`)
  const before = told('after the mishap', [
    ...(await checkInvariants(objects, { earlier })),
    ...(await seen(mishap, mishap.expected)),
  ])
  let next: Seen
  try {
    next = await mishap.runAgain()
  } catch (error) {
    return [...before, `the next run: ${(error as Error).message}`]
  }
  const after = await Promise.all([
    checkInvariants(objects, { clean: { temp }, earlier }),
    seen(mishap, [next]),
    mishap.also?.() ?? [],
  ])
  const problems = [...before, ...told('after the next run', after.flat())]
  // what is damaged cannot be cleaned
  if (problems.length > 0) return problems
  await mishap.clean(0)
  const cleaned = await checkInvariants(objects, { clean: { temp }, earlier })
  await mishap.clean(LATER_MS)
  const quiet = await checkInvariants(objects, { clean: { temp }, quiet: true })
  return [...told('after cleaning', cleaned), ...told('after the retention time', quiet)]
}

async function seen<Seen>(mishap: Mishap<Seen>, expected: readonly Seen[]): Promise<string[]> {
  try {
    const found = await mishap.see()
    if (expected.some((one) => isDeepStrictEqual(found, one))) return []
    const wanted = expected.map((one) => JSON.stringify(one)).join(' or ')
    return [`a reader sees ${JSON.stringify(found)}, not ${wanted}`]
  } catch (error) {
    return [`a reader: ${(error as Error).message}`]
  }
}
