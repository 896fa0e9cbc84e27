import { isDeepStrictEqual } from 'node:util'
import {
  type DayList,
  type Etl,
  type MonthIndex,
  type PromisedFile,
  type PromisedObject,
  parseChecked,
  sha256,
} from './read-etl.ts'
import type { WarehouseObjects } from './warehouse-objects.ts'

/** Everything that an `etl.json` reaches. */
export interface Reached {
  readonly lists: readonly DayList[]
  /** The files of the lists and of the current tables, by key, each as often as it is named differently. */
  readonly files: readonly PromisedFile[]
  /** The keys of indexes, lists and files. */
  readonly keys: ReadonlySet<string>
}

/**
 * Reads all that an `etl.json` reaches: the indexes of its months, their lists, and the files. Adds to `problems` what
 * is missing, has other bytes than promised, or contradicts what names it.
 */
export async function readReached(objects: WarehouseObjects, etl: Etl, problems: string[]): Promise<Reached> {
  const lists: DayList[] = []
  const files = new Map<string, PromisedFile>()
  const keys = new Set<string>()
  const indexes: MonthIndex[] = []
  for (const [month, ref] of Object.entries(etl.months)) {
    keys.add(ref.key)
    const body = await readPromised(objects, ref, problems)
    if (!body) continue
    const index = parseChecked<MonthIndex>(ref.key, body.toString())
    indexes.push(index)
    checkNames(problems, ref.key, { of: month, says: index.month, run: index.run_id })
    if (index.fencing_token >= etl.fencing_token) problems.push(`${ref.key}: its fencing token is not an earlier one`)
    for (const file of index.files) files.set(idOf(file), file)
    for (const [day, { manifest: named }] of Object.entries(index.days)) {
      keys.add(named.key)
      const text = await readPromised(objects, named, problems)
      if (!text) continue
      const list = parseChecked<DayList>(named.key, text.toString())
      lists.push(list)
      checkNames(problems, named.key, { of: day, says: list.date, run: list.run_id })
      if (!day.startsWith(`${month}-`)) problems.push(`${ref.key}: has the day ${day}`)
      checkIndexed(problems, index, list)
    }
  }
  checkRoot(problems, etl, indexes)
  for (const tables of [etl.tables, ...lists.map((list) => list.tables)])
    for (const table of Object.values(tables)) for (const file of table.files) files.set(idOf(file), file)
  for (const { key } of files.values()) keys.add(key)
  return { lists, files: [...files.values()], keys }
}

/** Returns the bytes of an object if they are those that were promised; otherwise adds a problem. */
export async function readPromised(
  objects: WarehouseObjects,
  promised: PromisedObject,
  problems: string[],
): Promise<Buffer | null> {
  const bytes = await objects.read(promised.key)
  if (bytes?.length === promised.bytes && sha256(bytes) === promised.sha256) return bytes
  const found = bytes ? `has SHA-256 ${sha256(bytes).slice(0, 8)} (${bytes.length} bytes)` : 'missing'
  problems.push(`${promised.key}: ${found}, promised: ${promised.sha256.slice(0, 8)} (${promised.bytes} bytes)`)
  return null
}

export function idOf({ key, sha256: hash }: PromisedObject): string {
  return `${key} ${hash}`
}

interface Names {
  /** What names the object says that it is of. */
  readonly of: string
  readonly says: string
  readonly run: string
}

function checkNames(problems: string[], key: string, { of, says, run }: Names): void {
  if (says !== of) problems.push(`${key}: is of ${says}, not of ${of}`)
  if (!key.endsWith(`-${run}.json`)) problems.push(`${key}: written by run ${run}`)
}

/** Checks that an index and the list of a day name the same files. */
function checkIndexed(problems: string[], { month, days, files }: MonthIndex, list: DayList): void {
  const indexed = Object.entries(days[list.date]?.tables ?? {}).map(([name, at]) => [name, at.map((i) => files[i])])
  const named = Object.entries(list.tables).map(([name, table]) => [name, table.files])
  if (!isDeepStrictEqual(Object.fromEntries(indexed), Object.fromEntries(named)))
    problems.push(`${list.date}: the index of ${month} and the list of the day name different files`)
}

/** Checks that the index of the newest commit tells enough to make `etl.json` again. */
function checkRoot(problems: string[], { months, tables }: Etl, indexes: readonly MonthIndex[]): void {
  const newest = Math.max(...indexes.map(({ fencing_token }) => fencing_token))
  const [index, ...more] = indexes.filter((one) => one.fencing_token === newest && one.root)
  if (indexes.length === 0) return
  if (!index?.root || more.length > 0) {
    problems.push(`${more.length + (index ? 1 : 0)} of the newest indexes tell of all others`)
    return
  }
  const { [index.month]: _, ...others } = months
  if (!isDeepStrictEqual(index.root.others, others)) problems.push(`the index of ${index.month}: names other months`)
  const current = Object.fromEntries(Object.entries(tables).map(([name, { date }]) => [name, date]))
  if (!isDeepStrictEqual(index.root.current, current))
    problems.push(`the index of ${index.month}: says that other tables are current`)
}
