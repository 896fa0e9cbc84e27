import { isDeepStrictEqual } from 'node:util'
import { checkInvariants } from './check-invariants.ts'
import type { WarehouseObjects } from './warehouse-objects.ts'

/** A run that went wrong, and how to go on from there. */
export interface Mishap<Seen> {
  readonly objects: WarehouseObjects
  /** The temporary folder of its runs. */
  readonly temp: string
  /** `etl.json` as it was before the run. */
  readonly earlier: string | null
  /** What a reader may see now. */
  readonly expected: readonly Seen[]
  /** What a reader sees. Throws where it is refused, or sees something mixed. */
  see(): Promise<Seen>
  /** Runs once more, which has to go well, and says what a reader sees from then on. Throws when it fails. */
  runAgain(): Promise<Seen>
  /** What else has to hold after that run; the answer is what does not. */
  also?(): Promise<readonly string[]>
}

/** What is wrong after a run went wrong: files and readers first, then all of it once one ordinary run has followed. */
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
  return [...before, ...told('after the next run', after.flat())]
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
