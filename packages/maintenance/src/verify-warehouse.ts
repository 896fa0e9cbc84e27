import { checkCopies } from './check-copies.ts'
import { type CheckFilesOptions, checkFiles } from './check-files.ts'
import { checkNames, type UnnamedObjects } from './check-names.ts'
import { expectedFiles } from './expected-files.ts'
import { objectFiles } from './object-files.ts'
import type { Problem } from './problem.ts'
import { readWarehouse, type WarehouseView } from './read-warehouse.ts'

export interface VerifyOptions extends CheckFilesOptions {
  /** The share of files to read whole, from 0 to 1. The others are checked for existence and size. Default 1. */
  readonly sample?: number | undefined
  /** Selects the files of the sample: returns numbers from 0 to 1, as `Math.random` does. */
  readonly random: () => number
}

export interface VerifyReport extends UnnamedObjects {
  /** As counted in the first pass, like `files`, `read` and `bytes`. */
  readonly days: number
  /** The number of files that manifests name; `read` of them were read whole. */
  readonly files: number
  readonly read: number
  /** The bytes of the files that were read. */
  readonly bytes: number
  /** In the order of their keys; empty for an intact warehouse. */
  readonly problems: readonly Problem[]
}

/**
 * Passes over suspicious files while runs are in progress. What is absent is looked up in `etl.json`, read again: after
 * its retention time an object that an older manifest names is removed. Up to version 3 a run also moves it once.
 */
const LOOKS = 3

/**
 * Verifies a warehouse: compares its files with its manifests. Changes nothing.
 * @throws DwhError the store's errors, ABORTED. Problems of the warehouse are not thrown, but listed in the report
 */
export async function verifyWarehouse(options: VerifyOptions): Promise<VerifyReport> {
  const { store, sample = 1, random } = options
  let view = await readWarehouse(store)
  const expected = expectedFiles(view)
  const inSample = () => sample >= 1 || random() < sample
  const first = await checkFiles(expected, view, inSample, options)
  const counts = { days: view.manifests.size, files: expected.size, read: first.read, bytes: first.bytes }
  let { wrong } = first
  let copies = await checkCopyBytes(view, inSample, options)
  for (let look = 1; ; look += 1) {
    const { problems, ...aside } = await checkNames(view, store)
    const report = { ...counts, problems: [...wrong.values(), ...copies, ...problems].sort(byKey), ...aside }
    if (report.problems.length === 0 || look === LOOKS) return report
    const fresh = await readWarehouse(store)
    if (!view.state?.older?.publishing && fresh.etag === view.etag) return report
    // files that a run has moved are not wrong; wrong files might not be in another sample
    view = fresh
    const again = new Map([...expectedFiles(view)].filter(([id]) => wrong.has(id)))
    wrong = (await checkFiles(again, view, () => true, options)).wrong
    copies = await checkCopyBytes(view, () => true, options)
  }
}

async function checkCopyBytes(view: WarehouseView, whole: () => boolean, options: VerifyOptions): Promise<Problem[]> {
  const files = objectFiles(options.store, options)
  try {
    return (await checkCopies(view, options.store, files, whole)).map(({ path, file, problem }) => ({
      kind: problem,
      key: path,
      message: `${path}: ${problem === 'missing' ? 'the plain copy is missing' : 'not a copy'} of ${file.key}`,
    }))
  } finally {
    await files.close()
  }
}

const byKey = (a: Problem, b: Problem): number => (a.key < b.key ? -1 : 1)
