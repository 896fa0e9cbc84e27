import { isDwhError, type ObjectStore, proofDifferences, whereToLook } from '@dwh/core'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { Expected, ExpectedFiles } from './expected-files.ts'
import { objectFiles, type SeenFile } from './object-files.ts'
import type { Problem, Report } from './problem.ts'
import type { WarehouseView } from './read-warehouse.ts'

export interface CheckFilesOptions {
  readonly store: ObjectStore
  /** The folder for downloaded objects of a bucket. */
  readonly tempDirectory: string
  /** Set it to also measure each file that is read, and compare the result with its proof. */
  readonly deep?: Pick<ParquetWriter, 'inspect' | 'prove'> | undefined
  readonly signal?: AbortSignal | undefined
  /** Called after each file; starts again from the first for files that are checked again. */
  readonly onFile?: ((done: number, all: number) => void) | undefined
}

export interface CheckedFiles {
  /** The number of files that were read whole. */
  readonly read: number
  /** The bytes of those files. */
  readonly bytes: number
  /** The problems, by the ids of the expected files. */
  readonly wrong: ReadonlyMap<string, Problem>
}

/** Compares files with their entries: every byte where `whole()` returns true, otherwise the size. */
export async function checkFiles(
  expected: ExpectedFiles,
  view: WarehouseView,
  whole: () => boolean,
  options: CheckFilesOptions,
): Promise<CheckedFiles> {
  const wrong = new Map<string, Problem>()
  const files = objectFiles(options.store, options)
  let [read, bytes, done] = [0, 0, 0]
  try {
    for (const [id, wanted] of expected) {
      const report: Report = (kind, key, message) => void wrong.set(id, { kind, key, message })
      const seen = await checkFile(wanted, view, { deep: options.deep, files, whole: whole() }, report)
      read += seen === null ? 0 : 1
      bytes += seen ?? 0
      done += 1
      options.onFile?.(done, expected.size)
    }
  } finally {
    await files.close()
  }
  return { read, bytes, wrong }
}

/** Checks one file. Returns the number of bytes read; null when the file was not read. */
async function checkFile(
  { file, entry, name }: Expected,
  { state, objects }: WarehouseView,
  {
    files,
    whole,
    deep,
  }: Pick<CheckFilesOptions, 'deep'> & { readonly files: ReturnType<typeof objectFiles>; readonly whole: boolean },
  report: Report,
): Promise<number | null> {
  const places = whereToLook(state ?? {}, file)
  const there = places.filter((key) => objects.has(key))
  if (there.length === 0) {
    report('missing', file.key, `${file.key}: missing; it holds ${name} of ${entry.date}`)
    return null
  }
  const sized = there.find((key) => objects.get(key)?.size === file.bytes)
  if (sized === undefined) {
    const [found = ''] = there
    report('damaged', file.key, `${found}: ${objects.get(found)?.size} bytes, not ${file.bytes}`)
    return null
  }
  if (!whole) return null
  const compare = async (seen: SeenFile) => {
    if (seen.sha256 !== file.sha256) return [`SHA-256 ${seen.sha256}, not ${file.sha256}`]
    return deep ? compareDeeply(seen, { file, entry, name }, deep) : []
  }
  const differences = await files.read(sized, compare).catch((error) => {
    if (!isDwhError(error, 'DAMAGED') && !isDwhError(error, 'WRITE_FAILED')) throw error
    return [error.message]
  })
  if (differences === null) report('missing', file.key, `${file.key}: removed while it was being read`)
  else if (differences.length > 0) report('damaged', file.key, `${sized}: ${differences.join('; ')}`)
  return differences === null ? null : file.bytes
}

/** Measures the file again. Describes where it differs from its entry; empty when it does not. */
async function compareDeeply(
  { path }: SeenFile,
  { file, entry }: Expected,
  writer: NonNullable<CheckFilesOptions['deep']>,
): Promise<string[]> {
  const { rows } = await writer.inspect(path)
  if (rows !== file.rows) return [`${rows} rows, not ${file.rows}`]
  if (entry.proof.level === 'counts') return []
  const columns = entry.columns.map(({ name, type }) => ({ name, type }))
  const found = await writer.prove(path, columns as Parameters<typeof writer.prove>[1], entry.proof.level)
  const named = columns.map(({ name, type }) => ({ name, as: name, type }))
  return proofDifferences(entry.proof, found, named as Parameters<typeof proofDifferences>[2])
}
