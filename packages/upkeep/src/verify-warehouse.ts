import {
  type DayManifest,
  type FileEntry,
  isDwhError,
  isInternal,
  KEPT_PREFIX,
  LEASE_KEY,
  manifestDay,
  manifestKey,
  type ObjectStore,
  PROBE_PREFIX,
  proofDifferences,
  RUNS_PREFIX,
  runRecordKey,
  STAGE_PREFIX,
  STATE_KEY,
  stageKey,
  type TableEntry,
  whereToLook,
} from '@dwh/core'
import { parseRunRecord } from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import { objectFiles, type SeenFile } from './object-files.ts'
import { isUnreadable, readWarehouse, type WarehouseView } from './read-warehouse.ts'

export interface VerifyOptions {
  readonly store: ObjectStore
  /** For objects of a bucket on their way. */
  readonly tempDirectory: string
  /** How many of the files are read whole, from 0 to 1; of the others existence and size are looked at. Default 1. */
  readonly sample?: number | undefined
  /** Also measures each file that is read again, and compares it with its proof. */
  readonly deep?: Pick<ParquetWriter, 'inspect' | 'prove'> | undefined
  /** From 0 to 1, as `Math.random` gives them: which files are in the sample. */
  readonly random: () => number
  readonly signal?: AbortSignal | undefined
  /** Told after each file; from the start again for those that are looked at again. */
  readonly onFile?: ((done: number, all: number) => void) | undefined
}

/** `invalid`: `etl.json`, a manifest or a record cannot be read. `differs`: two of them, or a file and its manifest, contradict each other. `extra`: no manifest names it. */
export type ProblemKind = 'missing' | 'damaged' | 'invalid' | 'differs' | 'extra'

export interface Problem {
  readonly kind: ProblemKind
  readonly key: string
  readonly message: string
}

export interface VerifyReport {
  /** At its first look, as are `files`, `read` and `bytes`. */
  readonly days: number
  /** Files that manifests name, of which `read` were read whole. */
  readonly files: number
  readonly read: number
  /** Of those that were read. */
  readonly bytes: number
  /** In the order of their keys; empty for a warehouse that is whole. */
  readonly problems: readonly Problem[]
  /** Objects of runs that were interrupted, which the next run removes, or are under way. */
  readonly leftovers: readonly string[]
  /** Objects that are nobody's business here, such as a note that somebody put beside the tables. */
  readonly unknown: readonly string[]
}

/**
 * How often it looks while runs are under way. Of a file that is whole two looks may be misled: it is moved out of the stage once, and once
 * replaced or removed, after which no manifest names it.
 */
const LOOKS = 3

/** A file that must be there, and the entry that says so. */
interface Expected {
  readonly file: FileEntry
  readonly entry: TableEntry
  readonly name: string
}

/** By key and SHA-256: a file that replaces another under its key is another one. */
type ExpectedFiles = ReadonlyMap<string, Expected>

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

/** How much was read, and what is wrong, as `expected` names the files. */
async function checkFiles(
  expected: ExpectedFiles,
  view: WarehouseView,
  whole: () => boolean,
  options: VerifyOptions,
): Promise<Pick<VerifyReport, 'read' | 'bytes'> & { readonly wrong: ReadonlyMap<string, Problem> }> {
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

/** All but the bytes: what `etl.json`, the manifests and the records say, and which objects nobody names. */
async function checkNames(
  view: WarehouseView,
  store: ObjectStore,
): Promise<Pick<VerifyReport, 'problems' | 'leftovers' | 'unknown'>> {
  const problems: Problem[] = []
  const report: Report = (kind, key, message) => void problems.push({ kind, key, message })
  for (const [key, error] of view.unreadable) report('invalid', key, error.message)
  if (!view.state && !view.unreadable.has(STATE_KEY) && view.objects.size > 0)
    report('missing', STATE_KEY, `${STATE_KEY}: missing`)
  checkManifests(view, report)
  await checkRecords(store, view, report)
  return { problems, ...checkUnnamed(view, report) }
}

type Report = (kind: ProblemKind, key: string, message: string) => void

/** What is current is also in the manifest of its day. */
function checkManifests({ state, manifests, unreadable }: WarehouseView, report: Report): void {
  for (const [name, entry] of Object.entries(state?.tables ?? {})) {
    const key = manifestKey(entry.date)
    if (unreadable.has(key)) continue
    const manifest = manifests.get(entry.date)
    if (!manifest) report('missing', key, `${key}: missing; ${name} is current as of that day`)
    else if (JSON.stringify(manifest.tables[name]) !== JSON.stringify(entry))
      report('differs', key, `${key}: not what ${STATE_KEY} says of ${name}`)
  }
}

function expectedFiles({ state, manifests }: WarehouseView): ExpectedFiles {
  const all = new Map<string, Expected>()
  const going = new Set(state?.pruned.flatMap(({ keys }) => keys))
  const add = (tables: DayManifest['tables']) => {
    for (const [name, entry] of Object.entries(tables))
      for (const file of entry.files)
        if (!going.has(file.key)) all.set(`${file.key} ${file.sha256}`, { file, entry, name })
  }
  for (const manifest of manifests.values()) add(manifest.tables)
  add(state?.tables ?? {})
  return all
}

/** The bytes that were read, or null where they were not. */
async function checkFile(
  { file, entry, name }: Expected,
  { state, objects }: WarehouseView,
  {
    files,
    whole,
    deep,
  }: Pick<VerifyOptions, 'deep'> & { readonly files: ReturnType<typeof objectFiles>; readonly whole: boolean },
  report: Report,
): Promise<number | null> {
  const places = whereToLook(state ?? { publishing: null, kept: [] }, file)
  const there = places.filter((key) => objects.has(key))
  if (there.length === 0) {
    report('missing', file.key, `${file.key}: missing; ${name} of ${entry.date} is in it`)
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
  if (differences === null) report('missing', file.key, `${file.key}: removed while it was looked for`)
  else if (differences.length > 0) report('damaged', file.key, `${sized}: ${differences.join('; ')}`)
  return differences === null ? null : file.bytes
}

/** Where the file, measured again, is not what its entry says; empty when it is. */
async function compareDeeply(
  { path }: SeenFile,
  { file, entry }: Expected,
  { inspect, prove }: NonNullable<VerifyOptions['deep']>,
): Promise<string[]> {
  const { rows } = await inspect(path)
  if (rows !== file.rows) return [`${rows} rows, not ${file.rows}`]
  if (entry.proof.level === 'counts') return []
  const columns = entry.columns.map(({ name, type }) => ({ name, type }))
  const found = await prove(path, columns as Parameters<typeof prove>[1], entry.proof.level)
  const named = columns.map(({ name, type }) => ({ name, as: name, type }))
  return proofDifferences(entry.proof, found, named as Parameters<typeof proofDifferences>[2])
}

async function checkRecords(store: ObjectStore, { objects }: WarehouseView, report: Report): Promise<void> {
  for (const key of objects.keys()) {
    if (!key.startsWith(RUNS_PREFIX)) continue
    try {
      const object = await store.get(key)
      if (!object) continue
      const record = parseRunRecord(key, object.body)
      if (key !== runRecordKey(record.run_id)) report('differs', key, `${key}: the record of run ${record.run_id}`)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      report('invalid', key, error.message)
    }
  }
}

/** Objects that no manifest names. In a table's folder, whoever reads it by hand takes them for its rows. */
function checkUnnamed(view: WarehouseView, report: Report): Pick<VerifyReport, 'leftovers' | 'unknown'> {
  const { objects, manifests } = view
  const named = new Set([STATE_KEY, LEASE_KEY, ...namedKeys(view)])
  const leftovers: string[] = []
  const unknown: string[] = []
  for (const key of objects.keys()) {
    const day = manifestDay(key)
    if (named.has(key) || key.startsWith(RUNS_PREFIX) || (day !== null && manifests.has(day))) continue
    if ([STAGE_PREFIX, KEPT_PREFIX, PROBE_PREFIX].some((prefix) => key.startsWith(prefix))) leftovers.push(key)
    else if (day !== null) continue
    else if (isInternal(key) || key.endsWith('.parquet')) report('extra', key, `${key}: no manifest names it`)
    else unknown.push(key)
  }
  return { leftovers, unknown }
}

/** What the next run finishes to remove is named, too; so is what is kept for readers, who look at each byte themselves. */
function namedKeys(view: WarehouseView): string[] {
  const { publishing = null, kept = [], pruned = [] } = view.state ?? {}
  const staged = publishing?.keys.map((key) => stageKey(publishing.run_id, key)) ?? []
  const going = pruned.flatMap(({ keys }) => keys)
  const expected = [...expectedFiles(view).values()].map(({ file }) => file.key)
  return [...expected, ...staged, ...kept.map((file) => file.kept), ...going]
}
