import { type CheckFilesOptions, checkFiles } from './check-files.ts'
import { checkNames, type UnnamedObjects } from './check-names.ts'
import { expectedFiles } from './expected-files.ts'
import type { Problem } from './problem.ts'
import { readWarehouse } from './read-warehouse.ts'

export interface VerifyOptions extends CheckFilesOptions {
  /** How many of the files are read whole, from 0 to 1; of the others existence and size are looked at. Default 1. */
  readonly sample?: number | undefined
  /** From 0 to 1, as `Math.random` gives them: which files are in the sample. */
  readonly random: () => number
}

export interface VerifyReport extends UnnamedObjects {
  /** At its first look, as are `files`, `read` and `bytes`. */
  readonly days: number
  /** Files that manifests name, of which `read` were read whole. */
  readonly files: number
  readonly read: number
  /** Of those that were read. */
  readonly bytes: number
  /** In the order of their keys; empty for a warehouse that is whole. */
  readonly problems: readonly Problem[]
}

/**
 * How often it looks while runs are under way. Of a file that is whole two looks may be misled: it is moved out of the stage once, and once
 * replaced or removed, after which no manifest names it.
 */
const LOOKS = 3

/**
 * Compares a warehouse with what its manifests promise. Changes nothing.
 * @throws DwhError the store's errors, ABORTED; what is wrong with the warehouse is no error but a problem in the report
 */
export async function verifyWarehouse(options: VerifyOptions): Promise<VerifyReport> {
  const { store, sample = 1, random } = options
  let view = await readWarehouse(store)
  const expected = expectedFiles(view)
  const inSample = () => sample >= 1 || random() < sample
  const first = await checkFiles(expected, view, inSample, options)
  const counts = { days: view.manifests.size, files: expected.size, read: first.read, bytes: first.bytes }
  let { wrong } = first
  for (let look = 1; ; look += 1) {
    const { problems, ...aside } = await checkNames(view, store)
    const report = { ...counts, problems: [...wrong.values(), ...problems].sort(byKey), ...aside }
    if (report.problems.length === 0 || look === LOOKS) return report
    const fresh = await readWarehouse(store)
    if (!view.state?.publishing && fresh.etag === view.etag) return report
    // what a run has moved meanwhile is not wrong; what is wrong might not be in another sample
    view = fresh
    const again = new Map([...expectedFiles(view)].filter(([id]) => wrong.has(id)))
    wrong = (await checkFiles(again, view, () => true, options)).wrong
  }
}

const byKey = (a: Problem, b: Problem): number => (a.key < b.key ? -1 : 1)
